// The document, drawn: how it is, and all sections but those that have a file of their own.

import { showApprovals } from './approvals.js'
import { $, bodyOf, draw, h } from './draw.js'
import { showJournal } from './journal.js'
import { showPipelines } from './runs.js'
import { data, now } from './state.js'
import {
  WORST, ZONE, at, command, counted, dayOf, entry, light, line, money, nothing, plain, plural, say, short, span, worstFirst,
} from './words.js'

const { entries } = Object

const HOW = { green: 'All is well', amber: 'Something needs a look', red: 'Something is broken' }
let lastStatus = null

export function show() {
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
  showApprovals(!lastStatus)
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
