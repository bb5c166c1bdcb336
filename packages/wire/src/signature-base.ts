import type { RequestTarget } from './covered-components.ts'

/**
 * Builds the signature base, the text that is signed: one line per covered component, then `@signature-params`.
 *
 * @param fields - the covered header fields, in order
 * @param value - returns a field's value. The caller makes sure that each field is present: an absent field must never
 *   be signed as if it were empty (RFC 9421, section 2.5)
 * @param target - the request's derived components
 * @param signatureInput - the value of the `Signature-Input` member, which is also the value of `@signature-params`
 * @returns the signature base; every character is one byte (latin1)
 * @throws TypeError if a covered field has no value
 * @see {@link https://www.rfc-editor.org/rfc/rfc9421#section-2.5 RFC 9421, section 2.5}
 * @example
 * ```ts
 * const target = { authority: 'app.example.com', method: 'GET', path: '/pay', query: '?' }
 * const base = buildSignatureBase(['x-cert-presented'], () => '0', target, '("x-cert-presented" "@authority");created=1')
 * ```
 */
export function buildSignatureBase<Field extends string>(
  fields: readonly Field[],
  value: (field: Field) => string | null | undefined,
  target: RequestTarget,
  signatureInput: string,
): string {
  return buildFieldLines(fields, value) + buildTargetLines(target, signatureInput)
}

/**
 * Builds the beginning of the signature base: the lines of the covered fields. They stay the same between a client's
 * requests.
 *
 * @throws TypeError if a covered field has no value
 * @example
 * ```ts
 * buildFieldLines(['x-cert-presented'], () => '0') // '"x-cert-presented": 0\n'
 * ```
 */
export function buildFieldLines<Field extends string>(
  fields: readonly Field[],
  value: (field: Field) => string | null | undefined,
): string {
  let lines = ''
  for (const field of fields) {
    const text = value(field)
    if (text === undefined || text === null) throw new TypeError(`the covered field ${field} is absent`)
    lines += `"${field}": ${text}\n`
  }
  return lines
}

/**
 * Builds the rest of the signature base: the lines that differ with every request.
 *
 * @example
 * ```ts
 * const lines = buildTargetLines({ authority: 'app.example.com', method: 'GET', path: '/', query: '?' }, '();created=1')
 * ```
 */
export function buildTargetLines({ authority, method, path, query }: RequestTarget, signatureInput: string): string {
  return `"@authority": ${authority}\n"@method": ${method}\n"@path": ${path}\n"@query": ${query}\n"@signature-params": ${signatureInput}`
}
