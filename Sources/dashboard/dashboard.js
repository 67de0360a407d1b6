// The dashboard's page. It draws what /api/data says, follows /api/events, and answers approvals: nothing else.
//
// What it keeps to:
// - Each word from the spool becomes a text node. No string becomes markup; what would not be seen (control characters,
//   reversals of direction, tags) is shown by its number.
// - What is shown is of now, or the page says since when it is not.
// - A redraw changes only what has changed: who has the focus, has typed or has scrolled keeps all that.
// - Nothing is answered by one slip of the hand, nor before the text that it is about is shown.

import { paintApprovals } from './approvals.js'
import { show } from './board.js'
import { forgetLines, note } from './journal.js'
import { live } from './live.js'
import { arrive, showLogin } from './login.js'

live({ show, hear: note, anew: forgetLines, aged: paintApprovals, out: showLogin })
addEventListener('hashchange', () => location.hash.includes('token=') && arrive())
arrive()
