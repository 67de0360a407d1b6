// How the server is asked: with the second word of the login.

const CSRF = 'spindle-csrf'
export let csrf = null
try { csrf = localStorage.getItem(CSRF) } catch { /* kept for this page only */ }

export function remember(value) {
  csrf = value
  try { value ? localStorage.setItem(CSRF, value) : localStorage.removeItem(CSRF) } catch { /* as above */ }
}

export class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? `the server says ${status}`)
    Object.assign(this, { status, advice: body?.advice })
  }
}

export async function ask(path, { body, ...how } = {}) {
  const headers = { ...(csrf && { 'X-CSRF-Token': csrf }), ...(body && { 'Content-Type': 'application/json' }) }
  const answer = await fetch(path, {
    method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), cache: 'no-store', ...how,
  })
  if (answer.ok) return answer
  throw new Refused(answer.status, await answer.json().catch(() => null))
}

export const get = async (path, ...ends) => (await ask(path, { signal: AbortSignal.any([AbortSignal.timeout(15000), ...ends]) })).json()
