// Live, or not since when: the journal is followed, and the document asked for when that may be another one.

import { $, draw, h } from './draw.js'
import { ask, csrf, get } from './server.js'
import { data, know, lost, setLost } from './state.js'
import { COUNTED, clock, line, outside, plain, say, span } from './words.js'

let streaming = null  // what ends the stream that we read
let good = 0  // when we last heard that what is shown is so
let remedy = null  // what the server says to do about it
let retryAt = 0
let tries = 0
let position = null  // of the last event that we have
let told = null

const QUIET = 40000  // the server says something each 15 s
const LOOK = 30000  // what becomes of time alone (a tick that falls silent) no event tells

/** `whom` is told to `show` the document, to `hear` a line of the journal or that it begins `anew`, that what is shown has `aged` or is
 *  old no more, and who is `out`. */
export function live(whom) {
  told = whom
  setInterval(() => {
    for (const one of document.querySelectorAll('[data-count]')) {
      const words = COUNTED[one.dataset.count](Date.parse(one.dateTime))
      if (one.textContent !== words) one.textContent = words
    }
    showLife()
    if (streaming && !lost && Date.now() - asked > LOOK) soon()
  }, 1000)
  document.addEventListener('visibilitychange', () => document.hidden || (lost ? follow() : soon()))
  addEventListener('online', () => lost && follow())
}

export function stop() {
  streaming?.abort()
  streaming = null
  clearTimeout(follow.timer)
  clearTimeout(due)
  due = null
}

export async function follow() {
  stop()
  const here = streaming = new AbortController()
  if (!position) told.anew()
  try {
    const answer = await ask(`/api/events?${position ? 'after=' + encodeURIComponent(position) : 'last=300'}`, { signal: here.signal })
    // Only now: what changes from here on is an event.
    if (!(await refresh()) || here.signal.aborted) return
    if (lost) say('Live again')
    setLost(null)
    tries = 0
    showLife()
    await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), here)
    throw new Error('the server has ended it')
  } catch (broken) {
    if (streaming === here) lose(broken)
  }
}

/** Reads events until the stream ends, or says nothing for too long. */
async function read(reader, here) {
  let rest = ''
  for (;;) {
    const silence = setTimeout(() => here.abort(new Error('it has fallen silent')), QUIET)
    const { done, value } = await reader.read().finally(() => clearTimeout(silence))
    if (done) return
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop()
    for (const block of blocks) hear(block)
  }
}

function hear(block) {
  const fields = block.split(/\r?\n/).map((one) => /^(\w+): ?(.*)$/.exec(one)).filter(Boolean)
  const value = (name) => fields.filter((field) => field[1] === name).map((field) => field[2]).join('\n')
  if (value('id')) position = value('id')
  if (!fields.some((field) => field[1] === 'data')) return
  try { told.hear(JSON.parse(value('data'))) } catch { return }
  soon()
}

export function lose(broken) {
  if (broken.status === 401 || broken.status === 403) return told.out(csrf && broken)
  // Our place in the journal is none any more.
  if (broken.status === 400) position = null
  stop()
  setLost(broken.message === 'Failed to fetch' ? 'no answer' : broken.message)
  remedy = broken.advice
  const wait = Math.min(15000, 500 * 2 ** tries++)
  retryAt = Date.now() + wait
  follow.timer = setTimeout(follow, wait)
  showLife()
}

let due = null, underWay = null, next = null, asked = 0

/** At once, then at most four times a second; and rarely while nobody looks. */
export function soon() {
  if (due || !streaming) return
  const gap = document.hidden ? 5000 : 250
  due = setTimeout(() => { due = null; refresh() }, Math.max(10, asked + gap - Date.now()))
}

/** Returns whether what is shown is of now. What is under way already may be older: then another one follows it, for all who ask. */
const refresh = () => (underWay ? next ??= underWay.then(begin) : begin())

function begin() {
  next = underWay = null
  return streaming ? underWay = fetchAndShow(streaming) : false
}

async function fetchAndShow(here) {
  asked = Date.now()
  try {
    const fresh = await get('/api/data', here.signal)
    if (streaming !== here) return false
    good = Date.now()
    know(fresh, good)
    told.show()
    return true
  } catch (broken) {
    if (streaming === here) lose(broken)
    return false
  } finally {
    if (!next) underWay = null
  }
}

let wasLost = false

function showLife() {
  // What is old cannot be answered.
  if (document.body.classList.toggle('old', Boolean(lost)) !== wasLost) told.aged(wasLost = !wasLost)
  if (!lost) return draw($('alarm'))
  // What is counted down is not read out each second: only who looks sees it.
  draw($('alarm'), h('p', null, h('strong', null, good ? `Not live since ${clock(good, true)}.` : 'No connection.'),
    ' ', good ? 'What you see below is old.' : 'Nothing can be shown.', ' ',
    h('span', { 'aria-hidden': 'true' }, good > 0 && `${span((Date.now() - good) / 1000)} ago: `, outside(lost), '. ',
      streaming ? 'Trying…' : `Next try in ${span((retryAt - Date.now()) / 1000 + 0.9)}.`), remedy && h('span', null, ' ', line(remedy), '.')),
  h('button', { type: 'button', onclick: follow }, 'Try now'))
  if (data) document.title = `Not live · Spindle on ${plain(data.host)}`
}
