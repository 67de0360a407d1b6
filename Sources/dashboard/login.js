// Coming in and going. A token is used once, and kept nowhere.

import { forgetCards } from './approvals.js'
import { $, bodyOf, draw, h } from './draw.js'
import { forgetLines } from './journal.js'
import { follow, stop } from './live.js'
import { ask, csrf, get, remember } from './server.js'
import { forget } from './state.js'
import { command, outside } from './words.js'

async function enter(token) {
  const answer = await ask('/api/login', { body: { token } })
  remember((await answer.json()).csrf)
}

/** The token in the address is used once, and stays neither there nor in the history. */
export async function arrive() {
  const token = /[#&]token=([^&]*)/.exec(location.hash)?.[1]
  if (token === undefined) return start()
  history.replaceState(null, '', location.pathname)
  // Who is in stays in, whatever page has sent him here.
  if (csrf && (await get('/api/data').catch(() => null))) return start()
  try {
    await enter(decodeURIComponent(token))
  } catch (refused) {
    return showLogin(refused)
  }
  start()
}

export function showLogin(why) {
  stop()
  forget()
  $('board').hidden = true
  $('login').hidden = false
  document.title = 'Log in · Spindle'
  draw($('where'))
  draw($('account'))
  draw($('alarm'))
  draw(bodyOf('login'),
    h('p', null, 'Open the link that this command prints, or paste the link or its token here:'),
    h('p', null, command('dashboard --link')),
    h('form', { onsubmit: login },
      h('label', { for: 'token' }, 'Link or token'),
      h('input', {
        id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: '',
        'aria-describedby': 'login-why', 'aria-invalid': why instanceof Error ? 'true' : null,
      }),
      h('button', { class: 'main', type: 'submit' }, 'Log in')),
    h('p', { id: 'login-why', role: 'alert', class: 'why' }, why && [outside(why.message ?? why), ' ', outside(why.advice)]))
  $('token').focus()
}

async function login(event) {
  event.preventDefault()
  const field = $('token'), given = field.value.trim()
  try {
    await enter(/[#&]token=([^&\s]*)/.exec(given)?.[1] ?? given)
  } catch (refused) {
    field.value = ''
    return showLogin(refused)
  }
  field.value = ''
  $('main').focus()
  start()
}

async function logout() {
  try { await ask('/api/logout', { body: {} }) } catch { /* what we had is gone in any case */ }
  remember(null)
  forgetCards()
  forgetLines()
  showLogin('Logged out.')
}

function start() {
  $('login').hidden = true
  draw($('account'), h('button', { type: 'button', class: 'quiet', onclick: logout }, 'Log out'))
  follow()
}
