// Words, times and amounts. What is from outside is shown by `outside` or `line`, and said by `plain`.

import { $, h } from './draw.js'
import { now } from './state.js'

// What is not seen, or makes other text be seen otherwise than it is: controls, directions, blanks without width, fillers, tags, what
// chooses a variant. Within an emoji two of them say which it is.
const EMOJI = '\\p{Extended_Pictographic}'
export const UNSEEN = new RegExp(`(?!(?<=(?:${EMOJI}|\\p{Emoji_Modifier})\\ufe0f?)\\u200d(?=${EMOJI})|(?<=${EMOJI})\\ufe0f)`
  + '(?:[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u2800\\ufff9-\\ufffb]|\\p{Default_Ignorable_Code_Point})', 'u')
const UNSEEN_ALL = new RegExp(`(${UNSEEN.source})`, 'gu')

const number = (one) => 'U+' + one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')

/** Text from outside, with what is not seen shown by its number. */
export function outside(text) {
  const words = String(text ?? '').replaceAll('\r\n', '\n')
  if (!UNSEEN.test(words)) return words
  return words.split(UNSEEN_ALL).map((part, i) => (i % 2 ? h('span', { class: 'unprintable' }, number(part)) : part))
}

/** The same where there is no place for elements: what is heard, and the names of things. */
export const plain = (text) => String(text ?? '').replaceAll(/[\n\t ]+/g, ' ').replace(UNSEEN_ALL, number)

/** One line of it, whose direction is its own. */
export const line = (text, props) => h('bdi', props, outside(String(text ?? '').replaceAll('\n', ' ')))

export const plural = (n, one) => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
export const money = (usd) => (usd == null ? '' : `$${usd !== 0 && usd < 0.01 ? usd.toFixed(4) : usd.toFixed(2)}`)

/** Of what was measured. */
export const took = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds))

/** `4 s`, `12 m`, `2 h 4 m`, `3 d 4 h`. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 60) return `${s} s`
  const m = Math.floor(s / 60)
  if (m < 60) return `${m} m`
  const two = (n, unit, rest, small) => `${n} ${unit}${rest ? ` ${rest} ${small}` : ''}`
  return m < 1440 ? two(Math.floor(m / 60), 'h', m % 60, 'm') : two(Math.floor(m / 1440), 'd', Math.floor(m / 60) % 24, 'h')
}

const pad = (n) => String(n).padStart(2, '0')
export const dayOf = (t) => `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())}`

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone
/** When it was decided, in the page's zone like all else. */
export const local = (words) => words.replace(/\b(approved|rejected) at (\d{4}-\d\d-\d\dT[\d:.]+Z)/i, (_, word, time) => `${word} at ${clock(time)}`)

/** `14:20`, or with its day where that is not today. */
export function clock(time, seconds = false) {
  const t = new Date(time), today = new Date(now())
  const hour = `${pad(t.getHours())}:${pad(t.getMinutes())}${seconds ? ':' + pad(t.getSeconds()) : ''}`
  return t.toDateString() === today.toDateString() ? hour : `${dayOf(t)} ${hour}`
}

export const COUNTED = {
  age: (t) => span((now() - t) / 1000),
  ago: (t) => (t > now() + 5000 ? 'in ' + span((t - now()) / 1000) : span((now() - t) / 1000) + ' ago'),
  left: (t) => (t > now() ? span((t - now()) / 1000) + ' left' : 'time is up'),
}
/** A time that goes on being counted. */
export const counted = (how, time) => (time
  ? h('time', { datetime: time, 'data-count': how, title: clock(time, true) }, COUNTED[how](Date.parse(time))) : null)
export const at = (time, seconds) => (time ? h('time', { datetime: time, title: time }, clock(time, seconds)) : null)

/** When an entry was made, as its ID says. */
export function stamp(id) {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d+)Z/.exec(id ?? '')
  return m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6].slice(0, 6)}Z`) : NaN
}

/** The six characters, by which any tool knows an entry. */
export const short = (id) => /^\d{8}T[\d.]+Z-([a-z0-9]{6})(?![^.-])/.exec(id ?? '')?.[1] ?? id

/** Shape, word and colour say it: none of them alone. */
export const light = (status, word = status) => h('span', { class: `light ${status}` }, word)

export const WORST = { red: 0, amber: 1, green: 2 }
export const worstFirst = (a, b) => WORST[a[1].status] - WORST[b[1].status]

/** A command, which a click copies. */
export function command(words, shown = words) {
  return h('button', { class: 'command', type: 'button', title: `Copy: ${plain(words)}`, onclick: (event) => copy(words, event.currentTarget) },
    h('code', null, line(shown)), h('span', { class: 'unseen' }, shown === words ? ': copy' : `: copy ${plain(words)}`))
}

async function copy(words, button) {
  try {
    await navigator.clipboard.writeText(words)
    button.classList.add('copied')
    setTimeout(() => button.classList.remove('copied'), 1500)
    say(`Copied: ${words}`)
  } catch {
    getSelection().selectAllChildren(button.querySelector('code'))
    say('Could not copy: it is selected')
  }
}

// What is no ID is no command to copy either.
export const entry = (id) => (short(id) === id ? line(id) : command(`spool show ${short(id)}`, short(id)))
export const nothing = (words) => h('p', { class: 'nothing' }, words)

/** Says it to who listens. The same words twice are heard twice. */
export function say(text) {
  const words = plain(text)
  $('said').textContent = $('said').textContent === words ? words + '\u00a0' : words
}
