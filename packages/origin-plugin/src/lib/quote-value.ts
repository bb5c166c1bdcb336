/** A name or a tag is shorter. A log line should not be as long as a header. */
const MAX_QUOTED = 100

/**
 * Quotes a value of a request for a reason, as JSON in printable ASCII and cut to 100 characters.
 *
 * Attack: a client or a token chooses the value, and a terminal obeys control characters. They are replaced.
 *
 * @example
 * ```ts
 * quoteValue('https://acme.example/') // '"https://acme.example/"'
 * ```
 */
export function quoteValue(value: unknown, max: number = MAX_QUOTED): string {
  const text = (JSON.stringify(value) ?? 'undefined').replace(/[^\x20-\x7e]/g, '?')
  return cutText(text, max)
}

/** Cuts a text for a log line, and shows that it is cut. */
export const cutText = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text)

/** Quotes a URL for a log, without the parts that may contain a secret: credentials, query and fragment. */
export function quoteUrl({ origin, pathname, search }: URL): string {
  return origin + pathname + (search === '' ? '' : '?…')
}

/** Quotes the first values of a list, and counts the others. */
export function quoteValues(values: readonly unknown[], most = 3): string {
  if (values.length === 0) return 'none'
  const shown = values.slice(0, most).map((value) => quoteValue(value))
  return shown.join(', ') + (values.length > most ? ` and ${values.length - most} more` : '')
}
