// The last lines of the journal. While it is paused, what is looked at stays.

import { bodyOf, draw, h } from './draw.js'
import { data } from './state.js'
import { at, entry, line, nothing, plain, plural } from './words.js'

const lines = []  // newest last
const KEPT = 2000, SHOWN = 200
let last = 0, isPaused = false, filter = '', inQueue = ''

export function note(one) {
  lines.push({ ...one, number: ++last, text: Object.values(one).join(' ').toLowerCase() })
  if (lines.length > KEPT) lines.splice(0, lines.length - KEPT)
  paintSoon()
}

let painting = null, painted = 0, heldBack = 0

/** At once, and then at most ten times a second. */
function paintSoon() {
  if (isPaused) heldBack++
  painting ??= setTimeout(() => {
    painting = null
    painted = Date.now()
    if (data) showJournal()
  }, Math.max(0, painted + 100 - Date.now()))
}

let frozen = null  // what is looked at while it is paused

export function showJournal() {
  const source = frozen ?? lines
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const found = source.filter((one) => (!inQueue || one.queue === inQueue) && words.every((word) => one.text.includes(word)))
  const shown = found.slice(-SHOWN).reverse()
  const queues = [...new Set(source.map((one) => one.queue).filter(Boolean))].sort()
  if (inQueue && !queues.includes(inQueue)) queues.push(inQueue)
  draw(bodyOf('journal'),
    h('div', { class: 'filter', role: 'search', 'aria-label': 'Journal' },
      h('span', null, h('label', { for: 'filter' }, 'Words'), h('input', { id: 'filter', type: 'search', spellcheck: 'false', autocomplete: 'off', oninput: (event) => { filter = event.target.value; showJournal() } })),
      h('span', null, h('label', { for: 'in-queue' }, 'Queue'), h('select', { id: 'in-queue', onchange: (event) => { inQueue = event.target.value; showJournal() } },
        h('option', { key: '', value: '' }, 'all'), queues.map((queue) => h('option', { key: queue, value: queue }, plain(queue))))),
      h('button', { type: 'button', 'aria-pressed': String(isPaused), onclick: pause }, 'Pause'),
      h('span', { class: 'sub' }, isPaused ? `paused, ${heldBack} new`
        : `${shown.length.toLocaleString('en')} of ${plural(source.length, 'line')}, newest first`)),
    h('div', { class: 'lines', tabindex: '0', role: 'region', 'aria-label': 'Lines of the journal' }, h('ol', null, shown.map((one) => h('li', { key: one.number },
      h('span', { class: 'when' }, at(one.time, true)), h('span', { class: `event ${/fail|dead|bad|lost|crash|alert/.test(one.event) ? 'sore' : ''}` }, line(one.event)),
      h('span', { class: 'which' }, one.queue && line(one.queue), one.id && [' ', entry(one.id)]),
      h('span', { class: 'what' }, line(one.detail ?? ''), h('span', { class: 'tool' }, ' ', line(one.tool))))))),
    shown.length === 0 && nothing(source.length ? 'No line has these words.' : 'Nothing has happened yet today.'))
}

function pause() {
  isPaused = !isPaused
  frozen = isPaused ? [...lines] : null
  heldBack = 0
  showJournal()
}

export const forgetLines = () => { lines.length = 0 }
