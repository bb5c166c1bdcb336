/**
 * Returns a coarse form of a text: two texts that people or directories take for the same have equal forms. It ignores
 * letter case, widths, surrounding and repeated spaces, and characters that nobody sees.
 *
 * It follows the preparation of texts for comparison in directories. It folds some characters more than the RFC
 * demands, so equal forms are a reason for doubt, and not for a match.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-7.1 RFC 5280, section 7.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4518#section-2 RFC 4518, section 2}
 * @example
 * ```ts
 * foldText(' Acme\u00a0 Straße') // 'acme strasse'
 * ```
 */
export function foldText(text: string): string {
  // Upper case first: it writes ß as SS, and both forms of the Greek sigma as one letter.
  return text.normalize('NFKC').toUpperCase().toLowerCase().replace(UNSEEN, '').replace(SPACES, ' ').trim()
}

const SPACES = /[\p{Z}\t\n\v\f\r\x85]+/gu
/** Controls, marks of direction and joiners. The controls that RFC 4518 maps to a space are not among them. */
const UNSEEN = /(?![\t\n\v\f\r\x85])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu
