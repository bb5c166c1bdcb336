import { normalizeHostName, otherHostNames, parseHostName } from './host-name.ts'

/**
 * Returns the one spelling of an e-mail address: the host as by {@link normalizeHostName}, the local part as it is.
 *
 * @param text - from a certificate or a token; text without `@` is returned as it is
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-7.5 RFC 5280, section 7.5}
 * @example
 * ```ts
 * normalizeEmailAddress('Jane@ACME.example') // 'Jane@acme.example'
 * ```
 */
export function normalizeEmailAddress(text: string): string {
  const at = text.lastIndexOf('@') + 1
  return at === 0 ? text : text.slice(0, at) + normalizeHostName(text.slice(at))
}

/**
 * Returns other spellings of an e-mail address, for which an operator may have written a pattern: its host as by
 * {@link otherHostNames}.
 *
 * @param address - in the spelling of {@link normalizeEmailAddress}
 */
export function otherEmailAddresses(address: string): string[] {
  const at = address.lastIndexOf('@') + 1
  return at === 0 ? [] : otherHostNames(address.slice(at)).map((host) => address.slice(0, at) + host)
}

/**
 * Reads a configured e-mail address.
 *
 * @returns the spelling of {@link normalizeEmailAddress}
 * @throws SyntaxError if the text is not one address alone; the message shows the address inside a link
 */
export function parseEmailAddress(text: string): string {
  if (isAddress(text)) return normalizeEmailAddress(text)
  const inner = INSIDE.exec(text)?.[1]
  const advice = inner && isAddress(inner) ? `"${inner}"` : 'an address such as "jane@acme.example"'
  throw new SyntaxError(`not an e-mail address; write ${advice}`)
}

/** A dot-atom or a quoted string before the last `@` (RFC 5321, section 4.1.2), with any letters of RFC 6531. */
const LOCAL_PART = /^(?:[^\s\p{C}"(),:;<>@[\\\]]+|"(?:[^"\\\p{C}]|\\[^\p{C}])*")$/u
/** A link, OpenSSL's label `email:`, or the address in angle brackets. */
const INSIDE = /^(?:mailto:|email:|[^<>]*<)?([^<>:]+)>?$/i

function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 0 || !LOCAL_PART.test(text.slice(0, at))) return false
  try {
    parseHostName(text.slice(at + 1))
    return true
  } catch {
    return false
  }
}
