import type { ClientCert } from '../client-cert.ts'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import {
  describeGeneralNames,
  generalNameOfUrl,
  readDistributionPoints,
} from '../x509/extensions/distribution-points.ts'
import type { CrlScope } from './issuing-distribution-point.ts'

/** The part of a certificate that names the lists that cover it. */
type CoveredCert = Pick<ClientCert, 'x509'>

/** Returns the reason why a list does not cover a certificate, or `undefined` if it covers it. */
export type Coverage = (scope: CrlScope, cert: CoveredCert) => string | undefined

/** The parts of a certificate that decide on its list. */
interface OwnParts {
  readonly isCa: boolean
  /** The names of its distribution points. */
  readonly points: readonly string[]
}

/**
 * Makes the decision whether a list covers a certificate.
 *
 * A list with the name of a distribution point may be one part of several. It covers the certificates that name the
 * same point, in any of their spellings. The operator can state that it covers all of them.
 *
 * A list of user certificates alone does not contain a revoked CA. A client that presents the certificate of a CA is
 * therefore in doubt. Without `Client-Cert` the origin cannot tell, and takes every client for a user.
 *
 * @param distributionPoint - the URL of the point whose list covers every client certificate
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-6.3.3 RFC 5280, section 6.3.3 (b)}
 */
export function createCoverage(distributionPoint: string | undefined): Coverage {
  const complete = distributionPoint === undefined ? undefined : generalNameOfUrl(distributionPoint)
  /** Requests of one client share the certificate. */
  const known = new WeakMap<CoveredCert, OwnParts>()

  function partsOf(cert: CoveredCert): OwnParts | undefined {
    const remembered = known.get(cert)
    const x509 = remembered ? undefined : cert.x509
    if (!x509) return remembered
    const parts = { isCa: x509.ca, points: readPoints(x509.raw) }
    known.set(cert, parts)
    return parts
  }

  return ({ points, usersOnly }, cert) => {
    const coversPoint = points === 'all' || (complete !== undefined && points.includes(complete))
    if (coversPoint && !usersOnly) return undefined
    const own = partsOf(cert)
    if (usersOnly && own?.isCa) {
      return 'contains only user certificates (onlyContainsUserCerts), and the certificate is that of a CA; write a list with the certificates of CAs too, or issue the client another certificate'
    }
    if (coversPoint || own?.points.some((point) => points.includes(point))) return undefined
    const cause = own
      ? 'which the certificate does not name'
      : 'and the request does not contain the certificate (Client-Cert) with its own'
    return `covers only certificates of the distribution point ${describeGeneralNames(points)}, ${cause}; if it covers all of them, write revocation.distributionPoint`
  }
}

function readPoints(certificate: Uint8Array): readonly string[] {
  return readOrUndefined(() => readDistributionPoints(readCertificateParts(certificate))) ?? []
}
