/**
 * Parses the path of a claim: the names of the members from the outermost to the claim, with dots in between. A dot or
 * a backslash that is a part of a name has a backslash before it.
 *
 * @throws SyntaxError whose message states the correction
 * @example
 * ```ts
 * parseClaimPath('custom.role') // ['custom', 'role']
 * parseClaimPath('https://acme\\.example/groups') // ['https://acme.example/groups']
 * ```
 */
export function parseClaimPath(text: string): readonly string[] {
  const names = ['']
  for (const [part] of text.matchAll(/\\.?|\.|[^\\.]+/gs)) {
    if (part === '.') names.push('')
    else names.push(names.pop() + decodePart(part))
  }
  if (names.includes('')) throw new SyntaxError('a name is empty; write one dot between two names, as in "custom.role"')
  // In the name of a claim that is a URL, the host has dots.
  if (names.slice(0, -1).some((name) => /:\/\/[^/]*$/.test(name))) {
    throw new SyntaxError(
      `a dot separates the names of members; write ${JSON.stringify(escapeUrl(text))} if the URL is one name`,
    )
  }
  return names
}

function decodePart(part: string): string {
  if (!part.startsWith('\\')) return part
  if (part === '\\.' || part === '\\\\') return part.slice(1)
  throw new SyntaxError('a backslash is possible before a dot or a backslash only; write two for the character itself')
}

function escapeUrl(text: string): string {
  const start = text.lastIndexOf('.', text.indexOf('://')) + 1
  return text.slice(0, start) + text.slice(start).replace(/\\?\./g, '\\.')
}

/**
 * Reads a claim. Only own members of objects count, so no name leads to a prototype, and none to the length of a list.
 *
 * @returns `undefined` if it is missing
 */
export function readClaim(claims: unknown, path: readonly string[]): unknown {
  let value = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined
    }
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}
