import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { Anchor, Presented } from './find-path.ts'
import type { IssuedBy } from './issued-by.ts'
import { isValidAt, type PathCertificate } from './path-certificate.ts'

/** The reason why no path leads from a root to a client's certificate. */
export interface NoPath {
  /**
   * How close a path is. `signed`: every signature verifies, and something else is wrong. `unsigned`: the names lead to
   * a CA below the root, whose key did not sign. `missing`: the names do not lead to the root.
   */
  readonly kind: 'signed' | 'unsigned' | 'missing'
  readonly reason: string
}

/**
 * Describes the fault of the path that comes closest: of the paths in which every signature verifies, the one with the
 * fewest faults. Without such a path, it names the place where the signatures end.
 *
 * @param time - milliseconds since the epoch
 */
export function describeNoPath(presented: Presented, anchor: Anchor, isIssuedBy: IssuedBy, time: number): NoPath {
  const routes = routesFrom(anchor.root, presented.others, isIssuedBy, time)
  const route = closest([...routes].filter(([ca]) => isIssuedBy(presented.client, ca)).map(([, each]) => each))
  if (!route) return describeGap(presented, anchor, routes)
  const faulty = route.cas.find((ca, at) => faultOf(ca, at > 0, time) !== undefined)
  if (faulty) return signed(`the CA certificate ${faulty.subject} ${faultOf(faulty, faulty !== anchor.root, time)}`)
  const fault = presented.client.clientFault ?? presented.client.signatureFault
  return signed(fault === undefined ? describeLength(route.cas, anchor) : `the certificate ${fault}`)
}

const signed = (reason: string): NoPath => ({ kind: 'signed', reason })

/** CAs of which each one signed the next, from the root on. */
interface Route {
  readonly cas: readonly PathCertificate[]
  readonly faults: number
}

type Routes = ReadonlyMap<PathCertificate, Route>

/** The closest route to each CA that the root's signatures reach. */
function routesFrom(
  root: PathCertificate,
  others: readonly PathCertificate[],
  isIssuedBy: IssuedBy,
  time: number,
): Routes {
  const routes = new Map<PathCertificate, Route>([[root, { cas: [root], faults: count(faultOf(root, false, time)) }]])
  for (const _round of others) {
    for (const ca of others) {
      const from = [...routes].filter(([above, { cas }]) => !cas.includes(ca) && isIssuedBy(ca, above))
      const faults = count(faultOf(ca, true, time))
      const own = routes.get(ca)
      const route = closest([
        ...(own ? [own] : []),
        ...from.map(([, above]) => ({ cas: [...above.cas, ca], faults: above.faults + faults })),
      ])
      if (route) routes.set(ca, route)
    }
  }
  return routes
}

/** The route with the fewest faults, and of these the shortest. */
function closest(routes: readonly Route[]): Route | undefined {
  return routes.toSorted((one, other) => one.faults - other.faults || one.cas.length - other.cas.length)[0]
}

const count = (fault: string | undefined) => (fault === undefined ? 0 : 1)

function faultOf(ca: PathCertificate, isBelowRoot: boolean, time: number): string | undefined {
  const fault = ca.caFault ?? (isBelowRoot ? ca.signatureFault : undefined)
  if (fault !== undefined || isValidAt(ca, time)) return fault
  return time < ca.validFrom ? `is not valid before ${ca.x509.validFrom}` : `expired on ${ca.x509.validTo}`
}

/** Describes a route without another fault: it is too long for `maxDepth`, or for a path length constraint. */
function describeLength(cas: readonly PathCertificate[], { root, maxDepth }: Anchor): string {
  const depth = cas.length - 1
  if (depth > maxDepth) {
    return `the path to ${root.subject} has ${depth} intermediates, and chain.maxDepth allows ${maxDepth}`
  }
  for (const [at, ca] of cas.entries()) {
    const below = cas.slice(at + 1).filter(({ isSelfIssued }) => !isSelfIssued).length
    if (below > ca.pathLength) {
      return `the path has ${below} CAs below ${ca.subject}, whose path length constraint allows ${ca.pathLength}`
    }
  }
  return `no path to ${root.subject} satisfies all path length constraints`
}

/** Follows the names from the client's certificate upward, and names the place where they or the signatures end. */
function describeGap({ client, others }: Presented, { root }: Anchor, routes: Routes): NoPath {
  const seen = new Set<PathCertificate>()
  let missing: DistinguishedName | undefined
  const open = [client]
  for (let each = open.pop(); each; each = open.pop()) {
    const { subject, issuer } = each
    const issuers = [root, ...others].filter((ca) => ca.subject.equals(issuer))
    if (issuers.some((ca) => routes.has(ca))) {
      return { kind: 'unsigned', reason: `the key of ${issuer} did not sign the certificate ${subject}` }
    }
    if (issuers.length === 0) missing ??= issuer
    open.push(...issuers.filter((ca) => !seen.has(ca)))
    for (const ca of issuers) seen.add(ca)
  }
  const gap = missing ? `contain the certificate of the CA ${missing}` : `lead to ${root.subject}`
  return { kind: 'missing', reason: `Client-Cert-Chain does not ${gap}` }
}
