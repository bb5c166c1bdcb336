import type { CertificateParts } from '../x509/certificate-parts.ts'
import { type BasicConstraints, readBasicConstraints } from '../x509/extensions/basic-constraints.ts'
import { readKeyPurposes } from '../x509/extensions/extended-key-usage.ts'
import { readKeyUsage } from '../x509/extensions/key-usage.ts'

/** The properties of a certificate that decide on its place in a certification path. */
export interface Constraints extends BasicConstraints {
  /** The first eight bits of its key usage; all of them without the extension. */
  readonly keyUsage: number
  /** Whether its extended key usage contains `clientAuth`. True without the extension. */
  readonly allowsClients: boolean
  /** The extensions that would narrow its rights, and that the plugin does not enforce. */
  readonly unenforced: readonly string[]
  /** The OIDs of its critical extensions that the plugin does not understand. */
  readonly unknown: readonly string[]
}

/**
 * Extensions whose whole meaning the plugin applies, or that cannot refuse a path: alternative names, key identifiers,
 * distribution points, and policies as long as none is required (RFC 5280, section 6.1, with any policy accepted).
 */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  '2.5.29.19',
  '2.5.29.15',
  '2.5.29.37',
  '2.5.29.14',
  '2.5.29.17',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.35',
])

/** Extensions that narrow the rights of a CA. Ignored, they would give it more than its own issuer did. */
const NARROWING: ReadonlyMap<string, string> = new Map([
  ['2.5.29.30', 'name constraints'],
  ['2.5.29.36', 'policy constraints'],
])

const EVERY_USE = 0xff

/**
 * Reads the constraints of a certificate.
 *
 * @throws SyntaxError if one of them cannot be read
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2 RFC 5280, section 4.2}
 */
export function readConstraints(parts: CertificateParts): Constraints {
  const { extensions } = parts
  return {
    ...readBasicConstraints(parts),
    keyUsage: readKeyUsage(parts) ?? EVERY_USE,
    allowsClients: allowsClients(parts),
    unenforced: [...NARROWING].filter(([oid]) => extensions.has(oid)).map(([, name]) => name),
    unknown: [...extensions].filter(([oid, { critical }]) => critical && !isKnown(oid)).map(([oid]) => oid),
  }
}

const isKnown = (oid: string) => UNDERSTOOD.has(oid) || NARROWING.has(oid)

function allowsClients(parts: CertificateParts): boolean {
  const purposes = readKeyPurposes(parts)
  // Without the extension there are no purposes to require.
  return purposes.length === 0 || purposes.includes('clientAuth')
}
