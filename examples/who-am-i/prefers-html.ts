/**
 * Whether the client prefers HTML to JSON. Browsers send `text/html` when a visitor opens a page. `fetch()`, curl and
 * programs do not, and a wildcard alone keeps their JSON.
 *
 * @param accept - the header `Accept`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 RFC 9110, section 12.5.1}
 */
export function prefersHtml(accept = ''): boolean {
  return quality(accept, 'text/html') > quality(accept, 'application/json')
}

function quality(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0
  }
  return 0
}
