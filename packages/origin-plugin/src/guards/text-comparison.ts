import { parseKeyPurpose } from '../x509/extensions/extended-key-usage.ts'
import { parseFingerprint256, parseKeyId, parseSerialNumber } from '../x509/hex-identifier.ts'
import { canonicalIpAddress, unmapIpAddress } from '../x509/ip-address.ts'
import { normalizeEmailAddress, otherEmailAddresses, parseEmailAddress } from '../x509/text/email-address.ts'
import { foldText } from '../x509/text/fold-text.ts'
import { normalizeHostName, otherHostNames, parseHostName } from '../x509/text/host-name.ts'
import { parseSpiffePath, parseTrustDomain } from '../x509/text/spiffe-id.ts'
import { parseSpki256 } from '../x509/text/spki-digest.ts'
import { foldUri, normalizeUri, otherUris, parseUri } from '../x509/text/uri.ts'

/** How a configured text compares with a value of a certificate or a token. */
export interface TextComparison {
  /**
   * Returns the one spelling of a configured text.
   *
   * @throws SyntaxError if no value can be equal to it: its negation would admit everybody
   */
  readonly parse: (text: string) => string
  /** Returns the one spelling of a value. */
  readonly normalize: (value: string) => string
  /**
   * Returns a coarse form of a value in its one spelling. It stays undecided whether two values match that have the
   * same coarse form only. Otherwise a client could evade a deny list with another spelling of its name.
   */
  readonly fold: (value: string) => string
  /**
   * Returns the other spellings of a value in its one spelling, for which a RegExp may be written. A RegExp that matches
   * one of them only is undecided: it matches no value in its one spelling, and its negation would admit everybody.
   */
  readonly others?: (value: string) => readonly string[]
  /** Whether a RegExp is possible too. With `ignore-case` it never distinguishes case. */
  readonly pattern?: 'as-it-is' | 'ignore-case'
  /** Whether the text could be a secret, which errors must not quote. */
  readonly secret?: true
}

const asItIs = (text: string) => text

/** Text without a syntax of its own, such as a common name. */
export const PLAIN: TextComparison = { parse: asItIs, normalize: asItIs, fold: foldText, pattern: 'as-it-is' }

export const HOST_NAME: TextComparison = {
  parse: parseHostName,
  normalize: normalizeHostName,
  fold: asItIs,
  others: otherHostNames,
  pattern: 'ignore-case',
}

/** Mail servers distinguish the case of a local part, says RFC 5280. In practice they do not, so we doubt. */
export const EMAIL_ADDRESS: TextComparison = {
  parse: parseEmailAddress,
  normalize: normalizeEmailAddress,
  fold: foldText,
  others: otherEmailAddresses,
  pattern: 'as-it-is',
}

export const URI: TextComparison = {
  parse: parseUri,
  normalize: normalizeUri,
  fold: foldUri,
  others: otherUris,
  pattern: 'as-it-is',
}

export const IP_ADDRESS: TextComparison = { parse: canonicalIpAddress, normalize: asItIs, fold: unmapIpAddress }

export const SERIAL_NUMBER: TextComparison = { parse: parseSerialNumber, normalize: asItIs, fold: asItIs }

export const FINGERPRINT_256: TextComparison = { parse: parseFingerprint256, normalize: asItIs, fold: asItIs }

export const KEY_ID: TextComparison = { parse: parseKeyId, normalize: asItIs, fold: asItIs }

export const SPKI_256: TextComparison = { parse: parseSpki256, normalize: asItIs, fold: asItIs }

/** A host name with a dot at its end is another trust domain, and probably the same one to its reader. */
export const TRUST_DOMAIN: TextComparison = {
  parse: parseTrustDomain,
  normalize: asItIs,
  fold: (domain) => domain.replace(/\.+$/, ''),
}

export const SPIFFE_PATH: TextComparison = { parse: parseSpiffePath, normalize: asItIs, fold: asItIs }

export const KEY_PURPOSE: TextComparison = { parse: parseKeyPurpose, normalize: asItIs, fold: asItIs }

/** The form in which Access makes the client ids of service tokens. The secret is easily written in its place. */
export const CLIENT_ID: TextComparison = {
  parse(text) {
    if (/^[0-9a-f]{32}\.access$/.test(text)) return text
    throw new SyntaxError(
      'must be 32 hexadecimal digits in lower case and ".access"; copy the Client ID, not the secret',
    )
  },
  normalize: asItIs,
  fold: asItIs,
  pattern: 'as-it-is',
  secret: true,
}
