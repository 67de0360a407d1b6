// Elements are told what they are to be; what is so already is left alone, and no string becomes markup.

const { entries } = Object

/** What an element is to be. `key` finds it again among its siblings; `once` is said only when it is made. */
export const h = (tag, props, ...kids) => ({
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
export function draw(parent, ...wanted) {
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

export const $ = (id) => document.getElementById(id)
export const bodyOf = (id) => $(id).querySelector('.body')
