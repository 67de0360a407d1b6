// Pipelines: each run as a time line.

import { bodyOf, draw, h } from './draw.js'
import { data, now } from './state.js'
import { at, command, entry, light, line, money, nothing, short, span, stamp, took, worstFirst } from './words.js'

const { entries } = Object

export const runName = (id) => h('a', { href: `#run-${id}` }, line(data?.pipelines[id]?.timeline.name ?? short(id)))

export function showPipelines() {
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
