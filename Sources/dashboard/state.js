// What the page knows. Who imports it sees what is so now; it is changed only here.

export let data = null  // the document that is shown
export let lost = null  // why it is not of now
let ahead = 0  // the spool's clock, less ours

export const now = () => Date.now() + ahead

/** A document has come. */
export function know(fresh, at) {
  data = fresh
  ahead = Math.abs(Date.parse(fresh.time) - at) > 2000 ? Date.parse(fresh.time) - at : 0
}

export const setLost = (why) => { lost = why }

export const forget = () => { data = lost = null }
