import type { IssuedBy } from './issued-by.ts'
import { isValidAt, type PathCertificate } from './path-certificate.ts'

/** A root, and the number of intermediates that may stand between it and a client's certificate. */
export interface Anchor {
  readonly root: PathCertificate
  readonly maxDepth: number
}

/** The certificates that a request brings along. */
export interface Presented {
  readonly client: PathCertificate
  /** The other certificates, in any order, with strangers among them. */
  readonly others: readonly PathCertificate[]
}

/** A CA that was reached from the root. */
interface Reached {
  readonly ca: PathCertificate
  readonly above: Reached | undefined
  /** How many more intermediates the path length constraints allow below. */
  readonly left: number
}

/**
 * Finds the shortest certification path from a root to a client's certificate (RFC 5280, section 6).
 *
 * The search starts at the root, and uses only keys of CAs that it has reached. So no key of an attacker's own
 * certificate is ever used. Each round reaches the CAs one step further down. A CA that is reached again counts only
 * if the path length constraints allow more below it than before: at most ten rounds of ten CAs.
 *
 * The validity of the client's own certificate is not checked.
 *
 * @param time - milliseconds since the epoch
 * @returns the CAs of the path, with the client's issuer first and the root last; `undefined` without a path
 */
export function findPath(
  { client, others }: Presented,
  { root, maxDepth }: Anchor,
  isIssuedBy: IssuedBy,
  time: number,
): readonly PathCertificate[] | undefined {
  if (client.clientFault !== undefined || client.signatureFault !== undefined || !isCaAt(root, time)) return undefined
  const candidates = others.filter((other) => other.signatureFault === undefined && isCaAt(other, time))
  const most = new Map<PathCertificate, number>()
  let reached: readonly Reached[] = [{ ca: root, above: undefined, left: root.pathLength }]
  for (let depth = 0; reached.length > 0; depth += 1) {
    const issuer = reached.find(({ ca }) => isIssuedBy(client, ca))
    if (issuer) return pathOf(issuer)
    if (depth === maxDepth) return undefined
    reached = candidates.flatMap((ca) => {
      const next = reach(ca, reached, isIssuedBy)
      if (!next || next.left <= (most.get(ca) ?? -1)) return []
      most.set(ca, next.left)
      return [next]
    })
  }
  return undefined
}

function isCaAt(certificate: PathCertificate, time: number): boolean {
  return certificate.caFault === undefined && isValidAt(certificate, time)
}

/** Reaches a CA from the one above it that allows most below it. */
function reach(ca: PathCertificate, reached: readonly Reached[], isIssuedBy: IssuedBy): Reached | undefined {
  const cost = ca.isSelfIssued ? 0 : 1
  let best: Reached | undefined
  for (const above of reached) {
    const left = Math.min(above.left - cost, ca.pathLength)
    if (left >= 0 && left > (best?.left ?? -1) && isIssuedBy(ca, above.ca)) best = { ca, above, left }
  }
  return best
}

function pathOf(issuer: Reached): PathCertificate[] {
  const path: PathCertificate[] = []
  for (let each: Reached | undefined = issuer; each; each = each.above) path.push(each.ca)
  return path
}
