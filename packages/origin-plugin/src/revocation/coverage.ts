import type { ClientCert } from '../client-cert.ts'
import { describeGeneralNames, generalNameOfUrl, readDistributionPoints } from '../x509/distribution-points.ts'
import type { CrlScope } from './issuing-distribution-point.ts'

/** The part of a certificate that names the lists that cover it. */
type CoveredCert = Pick<ClientCert, 'x509'>

/** Returns the reason why a list does not cover a certificate, or `undefined` if it covers it. */
export type Coverage = (scope: CrlScope, cert: CoveredCert) => string | undefined

/**
 * Makes the decision whether a list covers a certificate.
 *
 * A list with the name of a distribution point may be one part of several. It covers the certificates that name the
 * same point, in any of their spellings. The operator can state that it covers all of them.
 *
 * @param distributionPoint - the URL of the point whose list covers every client certificate
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-6.3.3 RFC 5280, section 6.3.3 (b)}
 */
export function createCoverage(distributionPoint: string | undefined): Coverage {
  const complete = distributionPoint === undefined ? undefined : generalNameOfUrl(distributionPoint)
  /** The names of a certificate's own points. Requests of one client share the certificate. */
  const known = new WeakMap<CoveredCert, readonly string[]>()

  function pointsOf(cert: CoveredCert): readonly string[] | undefined {
    const remembered = known.get(cert)
    const x509 = remembered ? undefined : cert.x509
    if (!x509) return remembered
    const points = readPoints(x509.raw)
    known.set(cert, points)
    return points
  }

  return (scope, cert) => {
    if (scope === 'all' || (complete !== undefined && scope.includes(complete))) return undefined
    const points = pointsOf(cert)
    if (points?.some((point) => scope.includes(point))) return undefined
    const cause = points
      ? 'which the certificate does not name'
      : 'and the request does not contain the certificate (Client-Cert) with its own'
    return `covers only certificates of the distribution point ${describeGeneralNames(scope)}, ${cause}; if it covers all of them, write revocation.distributionPoint`
  }
}

function readPoints(certificate: Uint8Array): readonly string[] {
  try {
    return readDistributionPoints(certificate)
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
