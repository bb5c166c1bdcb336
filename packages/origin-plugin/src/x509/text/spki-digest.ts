/** Prints the digest of the key in a certificate. */
const COMMAND =
  'openssl x509 -in client.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64'

/**
 * Reads a configured digest of a public key: SHA-256 of the SubjectPublicKeyInfo in base64, as in key pinning.
 *
 * @throws SyntaxError for another form; the message shows the digest in base64, or a command that prints it
 * @see {@link https://www.rfc-editor.org/rfc/rfc7469#section-2.4 RFC 7469, section 2.4}
 */
export function parseSpki256(text: string): string {
  if (isDigest(text)) return text
  const bare = text
    .trim()
    .replace(LABEL, '')
    .replace(/^"(.*)"$/, '$1')
  if (HEX.test(bare)) {
    const digest = Buffer.from(bare.replaceAll(':', ''), 'hex').toString('base64')
    throw new SyntaxError(
      `the digest is in hexadecimal; write "${digest}", or write fingerprint256 if it is the digest of the whole certificate`,
    )
  }
  const digest = `${bare.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')}=`
  throw new SyntaxError(
    isDigest(digest)
      ? `the digest has a label, or is not in plain base64 with "=" at its end; write "${digest}"`
      : `expected SHA-256 of the public key in base64, 44 characters; print it with ${COMMAND}`,
  )
}

/** Before the digest in headers, in curl's option `--pinnedpubkey`, and in libraries for key pinning. */
const LABEL = /^(?:pin-)?sha256(?:\/\/?|=|-|:)/i

const HEX = /^[0-9a-f]{2}(?::?[0-9a-f]{2}){31}$/i

/** Whether a text is base64 of 32 bytes. Its last letter has two unused bits, and other ones never match. */
function isDigest(text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === text
}
