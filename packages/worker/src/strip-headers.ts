import { isCertificateFamily, SIGNATURE_LABEL, splitDictionary } from '@countersign/wire'

/** Deletes the certificate family, in any spelling: only the edge may say it. */
export function stripHeaders(headers: Headers): void {
  for (const name of [...headers.keys()]) {
    if (isCertificateFamily(name)) headers.delete(name)
  }
}

/**
 * What stays of the client's `Signature-Input` or `Signature`: signatures under other labels than ours are between the client
 * and the application.
 *
 * A header that is no dictionary goes whole: what cannot be read for certain cannot be cleaned for certain.
 *
 * @returns `""` for nothing
 */
export function stripLabel(value: string): string {
  try {
    return splitDictionary(value)
      .filter((member) => member.key !== SIGNATURE_LABEL)
      .map((member) => `${member.key}=${member.value}`)
      .join(', ')
  } catch {
    return ''
  }
}
