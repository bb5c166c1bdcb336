import { isCertificateFamily, SIGNATURE_LABEL, splitDictionary } from '@countersign/wire'

/**
 * Deletes everything that only the edge may say: the certificate family in any spelling, and a signature under our label.
 *
 * Signatures under other labels stay: they are between the client and the application.
 */
export function stripHeaders(headers: Headers): void {
  for (const name of [...headers.keys()]) {
    if (isCertificateFamily(name)) headers.delete(name)
  }
  stripLabel(headers, 'signature-input')
  stripLabel(headers, 'signature')
}

function stripLabel(headers: Headers, name: string): void {
  const value = headers.get(name)
  if (value === null) return
  const others = otherMembers(value)
  if (others === '') headers.delete(name)
  else headers.set(name, others)
}

/** A header that is no dictionary goes whole: what cannot be read for certain cannot be cleaned for certain. */
function otherMembers(value: string): string {
  try {
    return splitDictionary(value)
      .filter((member) => member.key !== SIGNATURE_LABEL)
      .map((member) => `${member.key}=${member.value}`)
      .join(', ')
  } catch {
    return ''
  }
}
