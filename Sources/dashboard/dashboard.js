// The dashboard's page. It draws what /api/data says, follows /api/events, and answers approvals: nothing else.
//
// What it keeps to:
// - Each word from the spool becomes a text node. No string becomes markup; what would not be seen (control characters,
//   reversals of direction, tags) is shown by its number.
// - What is shown is of now, or the page says since when it is not.
// - A redraw changes only what has changed: who has the focus, has typed or has scrolled keeps all that.
// - Nothing is answered by one slip of the hand, nor before the text that it is about is shown.

const { entries } = Object

// ------------ drawing

/** What an element is to be. `key` finds it again among its siblings; `once` is said only when it is made. */
const h = (tag, props, ...kids) => ({
  tag, props: props ?? {}, kids: kids.flat(Infinity).filter((kid) => kid != null && kid !== false && kid !== ''),
})

function make(wanted) {
  const node = document.createElement(wanted.tag)
  node.key = wanted.props.key
  for (const [name, value] of entries(wanted.props.once ?? {})) node[name] = value
  return node
}

function dress(node, { props, kids }) {
  const before = node.props ?? {}
  for (const [name, value] of entries({ ...Object.fromEntries(Object.keys(before).map((n) => [n, null])), ...props })) {
    if (name === 'key' || name === 'once' || before[name] === value) continue
    if (name === 'style') for (const [what, how] of entries(value ?? {})) node.style.setProperty(what, how)
    else if (name.startsWith('on') || name === 'disabled') node[name] = value
    else if (value == null || value === false) node.removeAttribute(name)
    else node.setAttribute(name, value)
  }
  node.props = props
  if (node.localName !== 'textarea' && node.localName !== 'input') draw(node, ...kids)
}

/** Makes the children of `parent` what they are to be, and leaves alone what is so already. */
function draw(parent, ...wanted) {
  const kids = h('', null, wanted).kids.map((kid) => (typeof kid === 'object' ? kid : String(kid)))
  const keys = new Set(kids.map((kid) => kid.props?.key))
  const known = new Map()
  for (const node of [...parent.childNodes]) {
    if (node.key === undefined) continue
    if (keys.has(node.key)) known.set(node.key, node)
    else node.remove()
  }
  let at = parent.firstChild
  for (const kid of kids) {
    let node
    if (typeof kid === 'string') {
      node = at?.nodeType === 3 ? at : document.createTextNode(kid)
      if (node.data !== kid) node.data = kid
    } else {
      const key = kid.props.key
      const found = key !== undefined ? known.get(key) : at?.key === undefined ? at : null
      node = found?.localName === kid.tag ? found : make(kid)
      dress(node, kid)
    }
    if (node === at) at = at.nextSibling
    else if (node.parentNode === parent && parent.moveBefore) parent.moveBefore(node, at)
    else parent.insertBefore(node, at)
  }
  while (at) {
    const next = at.nextSibling
    at.remove()
    at = next
  }
}

const $ = (id) => document.getElementById(id)
const bodyOf = (id) => $(id).querySelector('.body')

/** Says it to who listens. The same words twice are heard twice. */
function say(text) {
  const words = plain(text)
  $('said').textContent = $('said').textContent === words ? words + '\u00a0' : words
}

// ------------ words

// What is not seen, or makes other text be seen otherwise than it is: controls, directions, blanks without width, fillers, tags, what
// chooses a variant. Within an emoji two of them say which it is.
const EMOJI = '\\p{Extended_Pictographic}'
const UNSEEN = new RegExp(`(?!(?<=(?:${EMOJI}|\\p{Emoji_Modifier})\\ufe0f?)\\u200d(?=${EMOJI})|(?<=${EMOJI})\\ufe0f)`
  + '(?:[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u2800\\ufff9-\\ufffb]|\\p{Default_Ignorable_Code_Point})', 'u')
const UNSEEN_ALL = new RegExp(`(${UNSEEN.source})`, 'gu')

const number = (one) => 'U+' + one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')

/** Text from outside, with what is not seen shown by its number. */
function outside(text) {
  const words = String(text ?? '').replaceAll('\r\n', '\n')
  if (!UNSEEN.test(words)) return words
  return words.split(UNSEEN_ALL).map((part, i) => (i % 2 ? h('span', { class: 'unprintable' }, number(part)) : part))
}

/** The same where there is no place for elements: what is heard, and the names of things. */
const plain = (text) => String(text ?? '').replaceAll(/[\n\t ]+/g, ' ').replace(UNSEEN_ALL, number)

/** One line of it, whose direction is its own. */
const line = (text, props) => h('bdi', props, outside(String(text ?? '').replaceAll('\n', ' ')))

const plural = (n, one) => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
const money = (usd) => (usd == null ? '' : `$${usd !== 0 && usd < 0.01 ? usd.toFixed(4) : usd.toFixed(2)}`)

/** Of what was measured. */
const took = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds))

/** `4 s`, `12 m`, `2 h 4 m`, `3 d 4 h`. */
function span(seconds) {
  const s = Math.max(0, Math.floor(seconds))
  if (s < 60) return `${s} s`
  const m = Math.floor(s / 60)
  if (m < 60) return `${m} m`
  const two = (n, unit, rest, small) => `${n} ${unit}${rest ? ` ${rest} ${small}` : ''}`
  return m < 1440 ? two(Math.floor(m / 60), 'h', m % 60, 'm') : two(Math.floor(m / 1440), 'd', Math.floor(m / 60) % 24, 'h')
}

let ahead = 0  // the spool's clock, less ours
const now = () => Date.now() + ahead
const pad = (n) => String(n).padStart(2, '0')
const dayOf = (t) => `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())}`

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone
/** When it was decided, in the page's zone like all else. */
const local = (words) => words.replace(/\b(approved|rejected) at (\d{4}-\d\d-\d\dT[\d:.]+Z)/i, (_, word, time) => `${word} at ${clock(time)}`)

/** `14:20`, or with its day where that is not today. */
function clock(time, seconds = false) {
  const t = new Date(time), today = new Date(now())
  const hour = `${pad(t.getHours())}:${pad(t.getMinutes())}${seconds ? ':' + pad(t.getSeconds()) : ''}`
  return t.toDateString() === today.toDateString() ? hour : `${dayOf(t)} ${hour}`
}

const COUNTED = {
  age: (t) => span((now() - t) / 1000),
  ago: (t) => (t > now() + 5000 ? 'in ' + span((t - now()) / 1000) : span((now() - t) / 1000) + ' ago'),
  left: (t) => (t > now() ? span((t - now()) / 1000) + ' left' : 'time is up'),
}
/** A time that goes on being counted. */
const counted = (how, time) => (time
  ? h('time', { datetime: time, 'data-count': how, title: clock(time, true) }, COUNTED[how](Date.parse(time))) : null)
const at = (time, seconds) => (time ? h('time', { datetime: time, title: time }, clock(time, seconds)) : null)

/** When an entry was made, as its ID says. */
function stamp(id) {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d+)Z/.exec(id ?? '')
  return m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6].slice(0, 6)}Z`) : NaN
}

/** The six characters, by which any tool knows an entry. */
const short = (id) => /^\d{8}T[\d.]+Z-([a-z0-9]{6})(?![^.-])/.exec(id ?? '')?.[1] ?? id

/** Shape, word and colour say it: none of them alone. */
const light = (status, word = status) => h('span', { class: `light ${status}` }, word)

/** A command, which a click copies. */
function command(words, shown = words) {
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
const entry = (id) => (short(id) === id ? line(id) : command(`spool show ${short(id)}`, short(id)))
const nothing = (words) => h('p', { class: 'nothing' }, words)

// ------------ asking the server

const CSRF = 'spindle-csrf'
let csrf = null
try { csrf = localStorage.getItem(CSRF) } catch { /* kept for this page only */ }

function remember(value) {
  csrf = value
  try { value ? localStorage.setItem(CSRF, value) : localStorage.removeItem(CSRF) } catch { /* as above */ }
}

class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? `the server says ${status}`)
    Object.assign(this, { status, advice: body?.advice })
  }
}

async function ask(path, { body, ...how } = {}) {
  const headers = { ...(csrf && { 'X-CSRF-Token': csrf }), ...(body && { 'Content-Type': 'application/json' }) }
  const answer = await fetch(path, {
    method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), cache: 'no-store', ...how,
  })
  if (answer.ok) return answer
  throw new Refused(answer.status, await answer.json().catch(() => null))
}

const get = async (path, ...ends) => (await ask(path, { signal: AbortSignal.any([AbortSignal.timeout(15000), ...ends]) })).json()

// ------------ coming in and going

async function enter(token) {
  const answer = await ask('/api/login', { body: { token } })
  remember((await answer.json()).csrf)
}

/** The token in the address is used once, and stays neither there nor in the history. */
async function arrive() {
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

function showLogin(why) {
  stop()
  data = lost = null
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
  cards.clear()
  lines.length = 0
  showLogin('Logged out.')
}

// ------------ live, or not since when

let data = null
let streaming = null  // what ends the stream that we read
let good = 0  // when we last heard that what is shown is so
let lost = null  // why it is not
let remedy = null  // what the server says to do about it
let retryAt = 0
let tries = 0
let position = null  // of the last event that we have

const QUIET = 40000  // the server says something each 15 s
const LOOK = 30000  // what becomes of time alone (a tick that falls silent) no event tells

function start() {
  $('login').hidden = true
  draw($('account'), h('button', { type: 'button', class: 'quiet', onclick: logout }, 'Log out'))
  follow()
}

function stop() {
  streaming?.abort()
  streaming = null
  clearTimeout(follow.timer)
  clearTimeout(due)
  due = null
}

async function follow() {
  stop()
  const here = streaming = new AbortController()
  if (!position) lines.length = 0
  try {
    const answer = await ask(`/api/events?${position ? 'after=' + encodeURIComponent(position) : 'last=300'}`, { signal: here.signal })
    // Only now: what changes from here on is an event.
    if (!(await refresh()) || here.signal.aborted) return
    if (lost) say('Live again')
    lost = null
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
  try { note(JSON.parse(value('data'))) } catch { return }
  soon()
}

function lose(broken) {
  if (broken.status === 401 || broken.status === 403) return showLogin(csrf && broken)
  // Our place in the journal is none any more.
  if (broken.status === 400) position = null
  stop()
  lost = broken.message === 'Failed to fetch' ? 'no answer' : broken.message
  remedy = broken.advice
  const wait = Math.min(15000, 500 * 2 ** tries++)
  retryAt = Date.now() + wait
  follow.timer = setTimeout(follow, wait)
  showLife()
}

let due = null, underWay = null, next = null, asked = 0

/** At once, then at most four times a second; and rarely while nobody looks. */
function soon() {
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
    data = fresh
    good = Date.now()
    ahead = Math.abs(Date.parse(fresh.time) - good) > 2000 ? Date.parse(fresh.time) - good : 0
    show()
    return true
  } catch (broken) {
    if (streaming === here) lose(broken)
    return false
  } finally {
    if (!next) underWay = null
  }
}

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
addEventListener('hashchange', () => location.hash.includes('token=') && arrive())

let wasLost = false

function showLife() {
  // What is old cannot be answered.
  if (document.body.classList.toggle('old', Boolean(lost)) !== wasLost) paintApprovals(wasLost = !wasLost)
  if (!lost) return draw($('alarm'))
  // What is counted down is not read out each second: only who looks sees it.
  draw($('alarm'), h('p', null, h('strong', null, good ? `Not live since ${clock(good, true)}.` : 'No connection.'),
    ' ', good ? 'What you see below is old.' : 'Nothing can be shown.', ' ',
    h('span', { 'aria-hidden': 'true' }, good > 0 && `${span((Date.now() - good) / 1000)} ago: `, outside(lost), '. ',
      streaming ? 'Trying…' : `Next try in ${span((retryAt - Date.now()) / 1000 + 0.9)}.`), remedy && h('span', null, ' ', line(remedy), '.')),
  h('button', { type: 'button', onclick: follow }, 'Try now'))
  if (data) document.title = `Not live · Spindle on ${plain(data.host)}`
}

// ------------ how it is

const WORST = { red: 0, amber: 1, green: 2 }
const worstFirst = (a, b) => WORST[a[1].status] - WORST[b[1].status]
const HOW = { green: 'All is well', amber: 'Something needs a look', red: 'Something is broken' }
let lastStatus = null

function show() {
  const open = entries(data.approvals)
  $('board').hidden = false
  draw($('where'), 'on ', line(data.host))
  draw($('overall'),
    h('p', { class: `verdict ${data.status}` }, light(data.status, HOW[data.status]),
      data.detail && [h('span', { class: 'unseen' }, ': '), line(data.detail, { class: 'because' })]),
    h('p', { class: 'sub' }, line(data.spool, { class: 'mono' }), ' · tick ', (data.tick.status === 'green' && counted('ago', data.tick.last)) || line(data.tick.detail), ' · ',
      data.gateway ? ['gateway ', line(data.gateway)] : 'callers make their own calls', ' · as of ', at(data.time, true), `; times in ${ZONE}`))
  if (lastStatus && lastStatus !== data.status) say(`Now ${data.status}: ${data.detail}`)
  document.title = `${open.length ? `(${open.length}) ` : ''}${data.status} · Spindle on ${plain(data.host)}`
  showApprovals()
  showSignals()
  showAgents()
  showPipelines()
  showQueues()
  showDeliveries()
  showJobs()
  showCosts()
  showMachinery()
  showJournal()
  showSections()
  lastStatus = data.status
}

function showSections() {
  const worst = (all) => all.reduce((a, [, b]) => (WORST[b.status] < WORST[a] ? b.status : a), 'green')
  const count = (id, name, n, status) => h('a', { key: id, href: '#' + id },
    status && status !== 'green' && light(status, h('span', { class: 'unseen' }, status)), name, n > 0 && h('span', { class: 'count' }, n.toLocaleString('en')))
  const doubtful = data.deliveries.inDoubt.length
  const machines = [['tick', data.tick], ...entries(data.daemons)]
  draw($('sections'),
    count('approvals', 'Waiting for you', entries(data.approvals).length),
    count('signals', 'Not well', data.signals.length, worst((data.signals).map((s) => ['', s]))),
    count('pipelines', 'Pipelines', entries(data.pipelines).length, worst(entries(data.pipelines))),
    count('jobs', 'Jobs', entries(data.jobs).length, worst(entries(data.jobs))),
    count('agents', 'Agents', entries(data.agents).length, worst(entries(data.agents))),
    count('queues', 'Queues', entries(data.queues).length, worst(entries(data.queues))),
    count('deliveries', 'Deliveries', data.deliveries.pending, data.deliveries.failed ? 'red' : doubtful ? 'amber' : null),
    count('costs', 'Cost'), count('daemons', 'Machinery', 0, worst(machines)), count('journal', 'Journal'))
}

// ------------ approvals

/** Each request that was open while this page was: what is shown of it, and what was answered. */
const cards = new Map()
const AT_ONCE = 12  // texts that are fetched unasked
const TOO_LONG = 2_000_000  // characters

function showApprovals() {
  const open = data.approvals
  for (const id of Object.keys(open).sort()) {
    if (cards.has(id)) continue
    cards.set(id, { id, text: null, form: null, note: '' })
    if (lastStatus) say(`New: ${open[id].subject ?? short(id)} waits for you`)
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

const paintApprovals = () => draw(bodyOf('approvals'),
  cards.size ? [...cards.values()].map(approval) : nothing('Nothing waits for you.'))

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

function approval(card) {
  const { id, seen } = card, title = `title-${id}`
  const subject = line(seen.subject ?? id)
  return h('article', { key: id, class: `approval${card.ended ? ' over' : ''}`, 'aria-labelledby': title },
    h('header', null, h('h3', { id: title }, subject),
      !card.ended && h('p', { class: 'left' }, seen.deadline ? counted('left', seen.deadline) : 'not delivered yet')),
    h('p', { class: 'sub' }, 'asks ', seen.to.map((to, i) => [i ? ', ' : '', line(to)]), ' · asked ', at(seen.asked),
      seen.deadline && [' · open until ', at(seen.deadline)], seen.run && [' · for ', runName(seen.run)],
      card.approvers?.length > 0 && [' · only ', line(card.approvers.join(', ')), ' may answer'],
      seen.detail && seen.detail !== 'open' && [' · ', line(seen.detail)], ' · ', entry(id)),
    card.ended || card.reply || card.refused ? became(card) : null,
    !card.ended && shownText(card),
    !card.ended && !card.reply && questions(card))
}

function became(card) {
  return h('div', { id: `said-${card.id}`, class: 'became', tabindex: '-1' },
    card.reply && h('p', null, `You said ${card.said}. `, card.outcome ? outside(card.outcome)
      : card.ended ? null : ['Your answer lies in ', h('code', null, 'replies/'), ' and will be read: ', entry(card.reply)]),
    card.refused && h('p', { class: 'why' }, outside(card.refused)),
    card.ended && h('p', null, h('strong', null, outside(card.verdict))),
    card.ended && h('button', { type: 'button', class: 'quiet', onclick: () => dismiss(card) }, 'Seen',
      h('span', { class: 'unseen' }, `: ${plain(card.seen.subject ?? short(card.id))}`)))
}

function shownText(card) {
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

function questions(card) {
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

// ------------ what is not well, agents

function showSignals() {
  const all = [...(data.signals)].sort((a, b) => WORST[a.status] - WORST[b.status])
  draw(bodyOf('signals'), all.length === 0 ? nothing('Nothing: no rule has anything to say.')
    : h('ul', { class: 'signals' }, all.map((signal) => h('li', { key: `${signal.rule} ${signal.what}` },
      light(signal.status), h('div', null, h('p', null, line(signal.what)),
        signal.advice && h('p', { class: 'sub' }, line(signal.advice)))))))
}

const isNarrow = matchMedia('(max-width: 40rem)')
isNarrow.onchange = () => data && showAgents()

/** Each has a tile; but of many that lack the same one line says it. */
function showAgents() {
  const all = entries(data.agents), lacks = ([, agent]) => (agent.status === 'green' ? '' : `${agent.status} ${agent.detail}`)
  const groups = [...Map.groupBy(all, lacks)].filter(([trouble, of]) => trouble && of.length > (isNarrow.matches ? 2 : 6))
  const alone = all.filter((one) => !groups.some(([trouble]) => trouble === lacks(one)))
  draw(bodyOf('agents'), all.length === 0 ? nothing('No agent: one file in agents/ is one.') : [
    groups.map(([trouble, of]) => h('details', { key: trouble, class: 'run many' },
      h('summary', null, h('strong', null, plural(of.length, 'agent')), light(of[0][1].status), line(of[0][1].detail),
        h('span', { class: 'detail' }, of.map(([name], i) => [i ? ', ' : '', line(name)]))),
      h('ul', { class: 'tiles' }, of.map(agentTile)))),
    alone.length > 0 && h('ul', { key: 'alone', class: 'tiles' }, alone.map(agentTile))])
}

const agentTile = ([name, agent]) => h('li', { key: name },
  h('h3', null, line(name)), h('p', { class: 'state' }, light(agent.status), ' ', line(agent.detail)),
  agent.description && h('p', { class: 'sub' }, line(agent.description)),
  h('dl', null,
    fact('Model', agent.model && line(agent.model)),
    fact('Calls', [agent.running ? `${agent.running} running` : null, agent.waiting ? `${agent.waiting} waiting` : null]
      .filter(Boolean).join(', ')),
    fact('Today', agent.budget ? meter(agent.spent ?? 0, agent.budget) : agent.spent ? money(agent.spent) : null),
    fact('Breaker', agent.breaker && h('strong', null, line(agent.breaker)))))

const fact = (name, value) => (value ? h('div', { key: name }, h('dt', null, name), h('dd', null, value)) : null)
const meter = (spent, budget) => [`${money(spent)} of ${money(budget)}`, h('span', { class: 'spent', 'aria-hidden': 'true' },
  h('span', { class: spent > 0.8 * budget ? 'much' : null, style: { width: `${Math.min(100, (100 * spent) / budget)}%` } }))]

// ------------ pipelines

const runName = (id) => h('a', { href: `#run-${id}` }, line(data?.pipelines[id]?.timeline.name ?? short(id)))

function showPipelines() {
  const all = entries(data.pipelines)
  const isOpen = ([, run]) => !['done', 'fail'].includes(run.timeline.room)
  const order = [...all.filter(isOpen).sort(worstFirst), ...all.filter((one) => !isOpen(one)).sort((a, b) => (a[0] < b[0] ? 1 : -1))]
  draw(bodyOf('pipelines'), all.length === 0 ? nothing('No run, and none that has ended within a day.')
    : order.map(([id, run]) => pipeline(id, run, isOpen([id, run]))))
}

function pipeline(id, { status, detail, timeline: t }, isOpen) {
  const from = Date.parse(t.began), to = Math.max(t.ended ? Date.parse(t.ended) : now(), from + 1)
  const waited = t.waitedSeconds >= 1 && `${span(t.waitedSeconds)} of it waiting for ${t.waitedFor.join(', ') || 'people'}`
  return h('details', { key: id, id: `run-${id}`, class: `run ${status}`, once: { open: isOpen || status !== 'green' } },
    h('summary', null, h('h3', null, line(t.name)), light(status), h('span', { class: 'detail' }, line(detail))),
    h('p', { class: 'sub' }, at(t.began, true), t.ended ? [' to ', at(t.ended, true)] : ' until now', ' · ', t.ended ? took(t.seconds) : span((to - from) / 1000),
      waited && [', ', line(waited)], t.costUSD != null && ` · ${money(t.costUSD)}`,
      t.deadline && [' · deadline ', at(t.deadline)], ' · ', entry(id)),
    h('ol', { class: 'steps' }, t.steps.map((step, i) => stepRow(step, from, to, i))),
    stops(t),
    t.room === 'hold' && h('p', null, command(`spool release ${short(id)}`), ' ', command(`spool cancel ${short(id)}`)))
}

/** Why it has stopped, then and now. */
function stops({ stops, held, notUndone }) {
  const isNew = held && !stops.some((stop) => held.includes(stop.why))
  if (!stops.length && !isNew && !notUndone.length) return null
  return h('div', { class: 'stops' },
    stops.map((stop) => h('p', null, h('strong', null, line(stop.kind)), ' ', at(stop.time, true), stop.step && [' at ', line(stop.step)],
      ': ', line(stop.why), stop.why.includes(`exit ${stop.exit}`) ? null : ` (exit ${stop.exit})`)),
    isNew && h('p', null, h('strong', null, 'held'), ': ', line(held)),
    notUndone.length > 0 && h('p', null, h('strong', null, 'not undone'), ': ', line(notUndone.join(', '))))
}

/** A step: what it is called, how long it took, and where on the run's time it lies. People who are waited for are hatched. */
function stepRow(step, from, to, i) {
  const place = (began, ended) => ({
    left: `${(100 * Math.max(0, began - from)) / (to - from)}%`, width: `${(100 * Math.max(0, ended - began)) / (to - from)}%`,
  })
  const began = Date.parse(step.began), ended = step.ended ? Date.parse(step.ended) : to
  const gates = step.asked.filter((one) => one.waitedSeconds != null)
  const cost = step.asked.reduce((sum, one) => (one.costUSD == null ? sum : (sum ?? 0) + one.costUSD), null)
  const state = step.state.replaceAll(' ', '-')
  return h('li', { key: `${step.name} ${step.began} ${i}`, class: `step ${state}${gates.length ? ' gated' : ''}` },
    h('span', { class: 'name' }, line(step.name)),
    h('span', { class: 'words' }, h('span', { class: 'word' }, step.state), ` ${took(step.seconds)}`,
      step.exit ? `, exit ${step.exit}` : null, step.attempt > 1 && `, attempt ${step.attempt}`, cost != null && `, ${money(cost)}`,
      gates.map((gate) => [h('br'), h('span', { class: 'gate' }, gate.verdict === 'open' ? 'waits for ' : 'waited for ', line(gate.to),
        `, ${span(gate.waitedSeconds)}`, gate.verdict !== 'open' && [': ', line(gate.verdict)])])),
    h('span', { class: 'track', 'aria-hidden': 'true' }, h('span', { class: 'bar', style: place(began, ended) }),
      gates.map((gate) => {
        const start = stamp(gate.id) || began
        return h('span', { class: 'bar waits', style: place(start, gate.verdict === 'open' ? to : Math.min(to, start + gate.waitedSeconds * 1000)) })
      })))
}

// ------------ queues, deliveries, jobs

/** A table that becomes a list of cards where it is narrow; roles are said, since what is no table in CSS loses them. */
function table(name, columns, rows) {
  return h('table', { class: `table ${name}`, role: 'table', 'aria-labelledby': `${name}-title` },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((column) => h('th', { role: 'columnheader', scope: 'col' }, column)))),
    h('tbody', { role: 'rowgroup' }, rows.map(([key, status, ...cells]) => h('tr', { key, role: 'row' },
      cells.map((cell, i) => (i === 0 ? h('th', { role: 'rowheader', scope: 'row' }, cell)
        : h('td', { role: 'cell', 'data-column': columns[i], class: [cell].flat(Infinity).filter(Boolean).length ? null : 'empty' }, h('div', null, cell))))))))
}

const ROOMS = ['drop', 'new', 'run', 'wait', 'hold', 'fail', 'bad']

function showQueues() {
  const all = entries(data.queues)
  const isQuiet = ([, queue]) => queue.status === 'green' && entries(queue.rooms).length === 0
  const busy = all.filter((one) => !isQuiet(one)).sort((a, b) => worstFirst(a, b) || (a[0] < b[0] ? -1 : 1))
  const quiet = all.filter(isQuiet)
  draw(bodyOf('queues'),
    busy.length > 0 && table('queues', ['Queue', 'State', ...ROOMS], busy.map(([name, queue]) => [name, queue.status,
      line(name), [light(queue.status), queue.detail && [' ', line(queue.detail, { class: 'sub' })]],
      ...ROOMS.map((room) => roomOf(queue.rooms[room], queue.status !== 'green' && /fail|bad/.test(room)))])),
    quiet.length > 0 && h('p', { class: 'sub' }, busy.length ? `${plural(quiet.length, 'queue')} more, empty: ` : `${plural(quiet.length, 'queue')}, all empty: `,
      quiet.map(([name], i) => [i ? ', ' : '', line(name)])),
    all.length === 0 && nothing('No queue.'))
}

const roomOf = (room, isSore) => (room?.count
  ? [h('span', { class: `number${isSore ? ' sore' : ''}` }, room.count.toLocaleString('en')),
    room.oldest && h('span', { class: 'age' }, h('span', { class: 'unseen' }, ' oldest '), counted('age', room.oldest))] : null)

function showDeliveries() {
  const { pending, failed, inDoubt, recent } = data.deliveries
  draw(bodyOf('deliveries'),
    pending + failed + recent.length > 0 && h('p', null, h('strong', null, pending.toLocaleString('en')), ' on the way', failed > 0 && [' · ',
      light('red', `${failed.toLocaleString('en')} failed`), ' ', command('spool ls deliveries --room fail')]),
    inDoubt.length > 0 && h('ul', { class: 'signals' }, inDoubt.map((one) => h('li', { key: one.id }, light('amber', 'in doubt'),
      h('div', null, h('p', null, line(one.subject ?? one.id), ' to ', line(one.to)),
        h('p', { class: 'sub' }, line(one.detail), ' · since ', at(one.since), ' · ', entry(one.id)))))),
    recent.length > 0 && table('deliveries', ['Message', 'To', 'Delivered', 'Receipt'], recent.map((one) => [one.id, null,
      [line(one.subject ?? short(one.id)), one.wasInDoubt && [' ', light('amber', 'was in doubt')]], line(one.to), counted('ago', one.delivered),
      one.receipt && line(one.receipt, { class: 'mono' })])),
    pending + failed + inDoubt.length + recent.length === 0 && nothing('Nothing was sent yet.'))
}

function showJobs() {
  const all = entries(data.jobs).sort(worstFirst)
  draw(bodyOf('jobs'), all.length === 0 ? nothing('No job has run yet: job NAME -- COMMAND, in a crontab.')
    : table('jobs', ['Job', 'State', 'Last run', 'Delivery', 'Due by'], all.map(([name, job]) => [name, job.status,
      line(name), [light(job.status), job.detail && job.detail !== 'ok' && [' ', line(job.detail)],
        job.failures > 0 && ` · ${plural(job.failures, 'failure')} in a row`],
      job.lastStart ? [counted('ago', job.lastStart), job.lastEnd && `, took ${span((Date.parse(job.lastEnd) - Date.parse(job.lastStart)) / 1000)}`,
        job.exit ? `, exit ${job.exit}` : null, job.execution && job.execution !== 'ok' && [', ', line(job.execution)]] : 'never',
      [line(job.delivery ?? ''), job.deliveryDetail && [': ', line(job.deliveryDetail)]],
      job.due && counted('ago', job.due)])))
}

// ------------ cost, machinery

function showCosts() {
  // The server's day: whose clock the costs go by.
  const today = Date.parse(data.day ?? dayOf(new Date(now())))
  const days = [...Array(7)].map((_, i) => new Date(today - (6 - i) * 86_400_000).toISOString().slice(0, 10))
  const all = entries(data.costs)
  const most = Math.max(0.0001, ...all.flatMap(([, by]) => days.map((day) => by[day] ?? 0)))
  const sum = (by) => days.reduce((total, day) => total + (by[day] ?? 0), 0)
  const cell = (value) => (value ? [h('span', { class: 'number' }, money(value)),
    h('span', { class: 'amount', 'aria-hidden': 'true', style: { width: `${Math.max(4, (100 * value) / most)}%` } })] : h('span', { class: 'sub' }, '–'))
  const names = days.map((day, i) => (i === 6 ? 'Today' : `${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(day).getUTCDay()]} ${+day.slice(8)}`))
  const total = days.map((day) => all.reduce((all, [, by]) => all + (by[day] ?? 0), 0))
  draw(bodyOf('costs'), all.length === 0 ? nothing('No call has cost anything within seven days.')
    : table('costs', ['Agent', ...names, '7 days'], [
      ...all.map(([name, by]) => [name, null, line(name), ...days.map((day) => cell(by[day])), h('strong', null, money(sum(by)))]),
      all.length > 1 && ['\0all', null, 'All', ...total.map((value) => h('span', { class: 'number' }, value ? money(value) : '–')),
        h('strong', null, money(total.reduce((a, b) => a + b, 0)))]].filter(Boolean)))
}

function showMachinery() {
  const one = (name, how) => h('li', { key: name }, light(how.status), h('div', null, h('p', null, h('strong', null, line(name)), ' ',
    // What is well has nothing to say but when it was heard last, and that goes on being counted.
    how.status === 'green' && how.last ? counted('ago', how.last) : line(how.detail)),
  how.status !== 'green' && how.last && h('p', { class: 'sub' }, 'last heard ', counted('ago', how.last))))
  draw(bodyOf('daemons'), h('ul', { class: 'signals' }, one('tick', data.tick),
    h('li', { key: '\0gateway' }, light('green', data.gateway ? 'resident' : 'none'), h('div', null, h('p', null, h('strong', null, 'gateway'), ' ',
      data.gateway ? line(data.gateway) : 'callers make their own calls'))),
    entries(data.daemons).map(([name, how]) => one(name, how))))
}

// ------------ the journal

const lines = []  // newest last
const KEPT = 2000, SHOWN = 200
let last = 0, isPaused = false, filter = '', inQueue = ''

function note(one) {
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

function showJournal() {
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

arrive()
