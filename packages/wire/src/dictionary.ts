/**
 * One member of a Structured Fields dictionary: its key, and its value as in the header.
 *
 * @example
 * ```ts
 * const [member]: DictionaryMember[] = splitDictionary('sig1=:AA==:') // { key: 'sig1', value: ':AA==:' }
 * ```
 */
export interface DictionaryMember {
  readonly key: string
  readonly value: string
}

const NOT_ASCII = /[^\t\x20-\x7e]/
const KEY = /^[a-z*][a-z0-9_.*-]*$/

/**
 * Splits a dictionary such as `Signature-Input` into its members, without parsing the values. Takes linear time.
 *
 * Commas inside quoted strings and inner lists do not separate members. A key in upper case, a member without a value,
 * and an unclosed string or list are errors. So the edge removes exactly the members that the origin would read.
 *
 * @param text - the field's value; several field lines joined by `, `
 * @throws SyntaxError if the text is not a dictionary, or one of its members has no value
 * @see {@link https://www.rfc-editor.org/rfc/rfc8941#section-3.2 RFC 8941, section 3.2}
 * @example
 * ```ts
 * splitDictionary('sig1=("@method");tag="a,b", sig2=()')
 * // [{ key: 'sig1', value: '("@method");tag="a,b"' }, { key: 'sig2', value: '()' }]
 * ```
 */
export function splitDictionary(text: string): DictionaryMember[] {
  // RFC 8941, section 4.2. After this check trim() removes only spaces and tabs. A reader that also removed a no-break
  // space would find a member where another reader finds none.
  if (NOT_ASCII.test(text)) throw new SyntaxError('a dictionary contains a character that is not printable ASCII')
  const members: DictionaryMember[] = []
  let start = 0
  while (start <= text.length) {
    const end = memberEnd(text, start)
    members.push(parseMember(text.slice(start, end).trim()))
    start = end + 1
  }
  return members
}

/** The index of the comma after the member that begins at `start`, or of the end of the text. */
function memberEnd(text: string, start: number): number {
  let inString = false
  let inList = false
  for (let at = start; at < text.length; at += 1) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at += 1
      else if (char === '"') inString = false
    } else if (char === '"') {
      inString = true
    } else if (char === '(' || char === ')') {
      if (inList === (char === '(')) throw new SyntaxError('a dictionary contains an unbalanced list')
      inList = !inList
    } else if (char === ',' && !inList) {
      return at
    }
  }
  if (inString || inList) throw new SyntaxError('a dictionary ends inside a member')
  return text.length
}

function parseMember(member: string): DictionaryMember {
  const equals = member.indexOf('=')
  const key = member.slice(0, Math.max(equals, 0))
  const value = member.slice(equals + 1)
  if (!KEY.test(key) || !/^\S/.test(value)) throw new SyntaxError('a dictionary member is not of the form key=value')
  return { key, value }
}
