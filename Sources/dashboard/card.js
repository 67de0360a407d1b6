// How a request looks, which has no button for an answer before its text is shown, whole. `deeds` is what the buttons do.

import { h } from './draw.js'
import { runName } from './runs.js'
import { lost } from './state.js'
import { UNSEEN, at, command, counted, entry, line, outside, plain, plural, short } from './words.js'

const TOO_LONG = 2_000_000  // characters

export function approval(card, deeds) {
  const { id, seen } = card, title = `title-${id}`
  const subject = line(seen.subject ?? id)
  return h('article', { key: id, class: `approval${card.ended ? ' over' : ''}`, 'aria-labelledby': title },
    h('header', null, h('h3', { id: title }, subject),
      !card.ended && h('p', { class: 'left' }, seen.deadline ? counted('left', seen.deadline) : 'not delivered yet')),
    h('p', { class: 'sub' }, 'asks ', seen.to.map((to, i) => [i ? ', ' : '', line(to)]), ' · asked ', at(seen.asked),
      seen.deadline && [' · open until ', at(seen.deadline)], seen.run && [' · for ', runName(seen.run)],
      card.approvers?.length > 0 && [' · only ', line(card.approvers.join(', ')), ' may answer'],
      seen.detail && seen.detail !== 'open' && [' · ', line(seen.detail)], ' · ', entry(id)),
    card.ended || card.reply || card.refused ? became(card, deeds) : null,
    !card.ended && shownText(card, deeds),
    !card.ended && !card.reply && questions(card, deeds))
}

function became(card, { dismiss }) {
  return h('div', { id: `said-${card.id}`, class: 'became', tabindex: '-1' },
    card.reply && h('p', null, `You said ${card.said}. `, card.outcome ? outside(card.outcome)
      : card.ended ? null : ['Your answer lies in ', h('code', null, 'replies/'), ' and will be read: ', entry(card.reply)]),
    card.refused && h('p', { class: 'why' }, outside(card.refused)),
    card.ended && h('p', null, h('strong', null, outside(card.verdict))),
    card.ended && h('button', { type: 'button', class: 'quiet', onclick: () => dismiss(card) }, 'Seen',
      h('span', { class: 'unseen' }, `: ${plain(card.seen.subject ?? short(card.id))}`)))
}

function shownText(card, { load }) {
  if (card.problem) {
    return h('div', { class: 'paper' }, h('p', { class: 'why' }, 'The text could not be read: ', outside(card.problem)),
      h('button', { type: 'button', onclick: () => load(card) }, 'Try again'))
  }
  if (card.loading) return h('p', { class: 'nothing' }, 'The text comes…')
  if (card.text === null) return h('button', { type: 'button', onclick: () => load(card) }, 'Show the text')
  const isTooLong = card.text.length > TOO_LONG, problem = isTooLong ? 'Too long for a page' : card.isExact ? null : 'Not all of it is text'
  return [
    h('div', { class: 'paper', tabindex: '0', role: 'region', dir: 'auto', 'aria-label': `Text to be approved: ${plain(card.seen.subject ?? card.id)}` },
      outside(isTooLong ? card.text.slice(0, 20000) : card.text)),
    h('p', { class: 'sub' }, isTooLong && h('strong', null, 'This is only its beginning. '), plural([...card.text].length, 'character'),
      card.sha256 && [' · SHA-256 ', h('span', { class: 'mono', title: card.sha256 }, card.sha256.slice(0, 12), '…')],
      UNSEEN.test(card.text) && [' · ', h('strong', null, 'has characters that are not seen')]),
    problem && h('p', null, `${problem}: read it, and answer, in a terminal: `, command(`spool show --body ${card.id}`)),
  ]
}

function questions(card, { answer, openForm, closeForm }) {
  if (card.text === null || !card.isExact || card.text.length > TOO_LONG || card.loading || card.problem) return null
  const subject = card.seen.subject ?? short(card.id)
  const old = lost ? 'true' : null  // a button that is disabled would lose the focus
  if (!card.form) {
    return h('div', { class: 'answers' },
      h('button', { key: 'yes', id: `yes-${card.id}`, type: 'button', class: 'main', 'aria-disabled': old, onclick: () => openForm(card, 'yes') },
        'Approve…', h('span', { class: 'unseen' }, ` ${plain(subject)}`)),
      h('button', { key: 'no', id: `no-${card.id}`, type: 'button', 'aria-disabled': old, onclick: () => openForm(card, 'no') },
        'Reject…', h('span', { class: 'unseen' }, ` ${plain(subject)}`)))
  }
  const yes = card.form === 'yes'
  // One click too many, or a key held down, is no answer.
  const submit = (event) => {
    event.preventDefault()
    if (!lost && !card.sending && performance.now() - card.openedAt > 400) answer(card)
  }
  return h('form', {
    key: 'form', class: `sure ${card.form}`, 'aria-label': yes ? 'Approve' : 'Reject', onsubmit: submit,
    onkeydown: (event) => { if (event.key === 'Escape') closeForm(card) },
  },
  h('p', null, yes ? 'Approve ' : 'Reject ', h('strong', null, line(subject)), '?'),
  h('label', { for: `note-${card.id}` }, 'Note, if you like: it goes with the verdict'),
  h('textarea', { id: `note-${card.id}`, rows: '2', maxlength: '4000', oninput: (event) => { card.note = event.target.value }, once: { value: card.note } }),
  h('div', { class: 'answers' },
    h('button', { type: 'submit', class: 'main', disabled: Boolean(card.sending), 'aria-disabled': old }, card.sending ? 'Sending…' : yes ? 'Yes, approve' : 'No, reject'),
    h('button', { type: 'button', onclick: () => closeForm(card) }, 'Back')))
}
