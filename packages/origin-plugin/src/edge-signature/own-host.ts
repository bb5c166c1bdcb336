import { refusalAt } from '../errors.ts'
import { withoutDefaultPort } from '../request-target.ts'

const refuse = refusalAt('host')

/** The authorities of this origin as `@authority` spells them; `null` accepts requests for every host. */
export type OwnHosts = ReadonlySet<string> | null

/**
 * Checks the option `edge.hosts`.
 *
 * An entry is compared with `@authority` of RFC 9421, section 2.2.3: in lower case, and with the port unless it is 443.
 * A pattern would be compared as plain text and match nothing, so it is refused.
 *
 * @throws TypeError whose message states the correction
 */
export function compileHosts(hosts: unknown): OwnHosts {
  if (hosts === null) return null
  const list = typeof hosts === 'string' ? hosts.split(',').map((host) => host.trim()) : hosts
  if (!Array.isArray(list) || list.length === 0) throw new TypeError(`edge.hosts must be ${FORM}`)
  return new Set(list.map(compileHost))
}

const FORM =
  'a list of this origin\'s host names, such as ["app.example.com"], or null to accept requests for every host'

/** Letters, digits and hyphens in labels, or an IPv6 address in brackets; then a port. */
const AUTHORITY = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

function compileHost(host: unknown): string {
  if (typeof host !== 'string' || host === '') throw new TypeError(`edge.hosts must be ${FORM}`)
  const authority = withoutDefaultPort(host.toLowerCase())
  const url = AUTHORITY.test(authority) ? URL.parse(`https://${authority}`) : null
  if (url?.host === authority) return authority
  // An address or a port in another form, such as 127.1 or :08443. The edge signs the form of its URL.
  if (url) throw new TypeError(`edge.hosts: no request is for ${JSON.stringify(host)}; write "${url.host}"`)
  throw new TypeError(
    `edge.hosts: ${JSON.stringify(host)} is not a host name; write a name such as "app.example.com", with its port if it is not 443, without scheme, path, pattern or a dot at the end, and with xn-- for other letters than ASCII`,
  )
}

/**
 * Requires that the edge signed the request for one of the origin's own hosts. Several origins may share the Worker's
 * key. One of them could otherwise relay a request, with its own body and cookies, to another one.
 *
 * Call it after the signature was verified, so that its reason tells the truth.
 *
 * @throws CountersignError `CSN_SIGNATURE_INVALID`
 */
export function requireOwnHost(authority: string, hosts: OwnHosts): void {
  if (hosts === null || hosts.has(authority)) return
  const own = [...hosts].join(', ')
  throw refuse(
    'CSN_SIGNATURE_INVALID',
    `the request was signed for the host "${authority.slice(0, 100)}", and edge.hosts is ${own}`,
  )
}
