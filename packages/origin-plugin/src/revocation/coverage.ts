import type { ClientCert } from '../client-cert.ts'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { readOrUndefined } from '../x509/der.ts'
import { readBasicConstraints } from '../x509/extensions/basic-constraints.ts'
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
  /** `cA` of its basic constraints; `undefined` if it cannot be read. */
  readonly isCa: boolean | undefined
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
 * therefore in doubt. Without `Client-Cert` the origin cannot tell, and takes every client for a user. A list of CA
 * certificates alone covers only certificates of CAs. The basic constraints decide, as in RFC 5280.
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
    const parts = readOwnParts(x509.raw)
    known.set(cert, parts)
    return parts
  }

  return ({ points, certificates }, cert) => {
    const coversPoint = points === 'all' || (complete !== undefined && points.includes(complete))
    if (coversPoint && certificates === 'all') return undefined
    const own = partsOf(cert)
    if (certificates === 'users' && own && own.isCa !== false) {
      return 'contains only user certificates (onlyContainsUserCerts), and the certificate is that of a CA; write a list with the certificates of CAs too, or issue the client another certificate'
    }
    if (certificates === 'cas' && !own?.isCa) {
      return 'contains only certificates of CAs (onlyContainsCACerts), and the certificate is not that of a CA; write a list with the certificates of clients too, or let a CA below this one issue it'
    }
    if (coversPoint || own?.points.some((point) => points.includes(point))) return undefined
    const cause = own
      ? 'which the certificate does not name'
      : 'and the request does not contain the certificate (Client-Cert) with its own'
    return `covers only certificates of the distribution point ${describeGeneralNames(points)}, ${cause}; if it covers all of them, write revocation.distributionPoint`
  }
}

function readOwnParts(certificate: Uint8Array): OwnParts {
  const parts = readOrUndefined(() => readCertificateParts(certificate))
  if (!parts) return { isCa: undefined, points: [] }
  return {
    isCa: readOrUndefined(() => readBasicConstraints(parts).isCa),
    points: readOrUndefined(() => readDistributionPoints(parts)) ?? [],
  }
}
