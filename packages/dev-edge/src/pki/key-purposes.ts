/** The names of RFC 5280, section 4.2.1.12, with their object identifiers. */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['serverAuth', '1.3.6.1.5.5.7.3.1'],
  ['clientAuth', '1.3.6.1.5.5.7.3.2'],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['OCSPSigning', '1.3.6.1.5.5.7.3.9'],
  ['anyExtendedKeyUsage', '2.5.29.37.0'],
])

const OID = /^[0-2](?:\.\d+)+$/

/**
 * Returns the object identifier of an extended key usage.
 *
 * @param purpose - a name of RFC 5280, or the object identifier itself
 * @throws TypeError that lists the names
 */
export function resolvePurpose(purpose: string): string {
  const oid = PURPOSES.get(purpose) ?? (OID.test(purpose) ? purpose : undefined)
  if (oid) return oid
  const meant = [...PURPOSES.keys()].find((name) => likeness(name) === likeness(purpose))
  if (meant) throw new TypeError(`extendedKeyUsage: unknown purpose "${purpose}"; write ${meant}`)
  throw new TypeError(
    `extendedKeyUsage: unknown purpose "${purpose}"; write ${[...PURPOSES.keys()].join(', ')}, or a dotted OID`,
  )
}

/** `clientauth`, `Client Authentication` and OpenSSL's `TLS Web Client Authentication` are all `clientAuth`, as at the origin. */
function likeness(text: string): string {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '')
  return letters.replace(/^tlsweb/, '').replace(/authentication$/, 'auth')
}
