import { isCertificateFamily, SIGNATURE_LABEL, splitDictionary } from '@countersign/wire'

/** Deletes every header of the certificate family, in any spelling. Only the edge may set them. */
export function stripHeaders(headers: Headers): void {
  for (const name of [...headers.keys()]) {
    if (isCertificateFamily(name)) headers.delete(name)
  }
}

/**
 * Removes our label from the client's `Signature-Input` or `Signature`. Signatures under other labels stay: they are
 * for the application.
 *
 * A header that does not parse as a dictionary is dropped: we could not be sure to remove our label from it.
 *
 * @returns the other members; `""` without any
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
