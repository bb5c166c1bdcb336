const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g

/** The certificates of a PEM text, each for itself, in their order. */
export function splitPem(text: string): string[] {
  return text.match(CERTIFICATE) ?? []
}
