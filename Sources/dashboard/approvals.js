// What waits for an answer, and what becomes of it. Nothing goes before its end has been seen.

import { approval } from './card.js'
import { $, bodyOf, draw } from './draw.js'
import { lose, soon } from './live.js'
import { Refused, ask, get } from './server.js'
import { data, lost } from './state.js'
import { local, nothing, say, short } from './words.js'

/** Each request that was open while this page was: what is shown of it, and what was answered. */
const cards = new Map()
const AT_ONCE = 12  // texts that are fetched unasked

export function showApprovals(isFirst) {
  const open = data.approvals
  for (const id of Object.keys(open).sort()) {
    if (cards.has(id)) continue
    cards.set(id, { id, text: null, form: null, note: '' })
    if (!isFirst) say(`New: ${open[id].subject ?? short(id)} waits for you`)
  }
  let unasked = 0
  for (const card of cards.values()) {
    if (open[card.id]) {
      // Cancelled, and retried: it is asked anew.
      if (card.ended) Object.assign(card, { ended: false, reply: null, outcome: null, refused: null, verdict: null, text: null, problem: null })
      card.seen = open[card.id]
      if (unasked++ < AT_ONCE && card.text === null && !card.loading && !card.problem) load(card)
      if (card.reply && !card.outcome) lookAfter(card)
      // A document has come: who has read the answer, if it has arrived, has decided by it.
      if (card.unsure && !card.sending) learn(card)
    } else if (!card.ended && !card.ending && !card.loading) {
      end(card)
    }
  }
  paintApprovals()
}

export const paintApprovals = () => draw(bodyOf('approvals'),
  cards.size ? [...cards.values()].map((card) => approval(card, deeds)) : nothing('Nothing waits for you.'))

const api = (card) => `/api/approvals/${encodeURIComponent(card.id)}`

async function load(card) {
  card.loading = true
  card.problem = null
  try {
    const whole = await get(api(card))
    Object.assign(card, { text: whole.text, sha256: whole.sha256, isExact: whole.isExact, approvers: whole.approvers ?? [] })
  } catch (broken) {
    card.problem = broken.message
  }
  card.loading = false
  paintApprovals()
}

/** The document has it no more. What it has come to is said once, and stays until it has been seen; but one that was only
 *  on its way from one room to another is open still, and whoever writes a note to it goes on. */
async function end(card) {
  card.ending = true
  let words
  try {
    const { verdict, state } = await get(api(card))
    if (state === 'open') return
    words = local(verdict?.words ?? state)
    // Of what nobody knew we know now.
    if (card.unsure) Object.assign(card, { unsure: false, refused: null })
  } catch (broken) {
    // What is not known is asked again with the next document.
    if (broken.status !== 404) return
    words = broken.message
  } finally {
    card.ending = false
  }
  if (data?.approvals[card.id]) return
  Object.assign(card, { ended: true, form: null, verdict: words })
  if (card.reply) await lookAfter(card)
  say(`${card.seen.subject ?? short(card.id)}: ${card.verdict}`)
  paintApprovals()
}

/** Whether an answer has arrived whose connection broke: where it has, the request is decided by it, as soon as somebody reads it. */
async function learn(card) {
  card.unsure = false
  try {
    const { state } = await get(api(card))
    if (state !== 'open' || card.sending || card.reply) return
    card.refused = 'The connection broke while you answered, and no answer has been counted until now. You may answer again: the first answer counts.'
    say(card.refused)
    paintApprovals()
  } catch {
    card.unsure = true
  }
}

/** What has become of our answer. */
async function lookAfter(card) {
  try {
    const reply = await get(`/api/replies/${encodeURIComponent(card.reply)}`)
    if (reply.result === 'pending') return
    card.outcome = reply.result === 'counted' ? 'It counted.' : local(reply.words)
    paintApprovals()
  } catch { /* it is asked again with the next event */ }
}

async function answer(card) {
  const word = card.form
  card.sending = true
  card.unsure = false
  card.refused = null
  paintApprovals()
  try {
    const given = await ask(api(card), {
      body: { verdict: word, note: card.note.trim(), sha256: card.sha256, key: card.key }, signal: AbortSignal.timeout(20000),
    })
    Object.assign(card, { reply: (await given.json()).reply, said: word, form: null, note: '' })
    say(`Your ${word} is on its way`)
  } catch (broken) {
    // Under the same key the same answer counts once, and of several the first decides: a second one does no harm.
    card.refused = broken instanceof Refused
      ? local([broken.message, broken.advice].filter(Boolean).join(' '))
      : 'Nobody knows whether your answer has arrived: the connection broke. You may answer again: the first answer counts.'
    card.unsure = !(broken instanceof Refused) && !card.ended
    if (card.ended && !(broken instanceof Refused)) card.refused = null
    if (broken.status === 409 || broken.status === 404) {
      card.form = null
      card.text = null
    }
    if (broken.status === 401 || broken.status === 403) lose(broken)
    if (card.refused) say(card.refused)
  }
  card.sending = false
  paintApprovals()
  $(`said-${card.id}`)?.focus()
  soon()
}

function openForm(card, word) {
  if (lost) return
  card.form = word
  card.key = crypto.randomUUID()
  card.openedAt = performance.now()
  paintApprovals()
  $(`note-${card.id}`).focus()
}

function closeForm(card) {
  const word = card.form
  card.form = null
  paintApprovals()
  $(`${word}-${card.id}`)?.focus()
}

function dismiss(card) {
  cards.delete(card.id)
  paintApprovals()
  $('approvals-title').focus()
}

const deeds = { load, answer, openForm, closeForm, dismiss }

export const forgetCards = () => cards.clear()
