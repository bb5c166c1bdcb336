/**
 * Credentials and query of a URL, and letters of base64: a secret of 128 bits has 22 of them in a row. With dots in
 * between, the name of a host can be as long.
 */
const SECRET = /(?<=\/\/)[^\s/@]+@|(?<=\?)\S+|[\w+/=~%.-]{33,}|[\w+/=~%-]{22,}/g
/** A longer text helps no more. */
const MAX_QUOTED = 200
/** A line of a stack, with its position. A message that imitates one rarely has a position too. */
const FRAME = /^\s+at .*:\d+:\d+\)?$/
const FOLDERS = /[^\s(]*\//g

/**
 * Quotes a thrown value for the log: name and message of an error, or the text of another value.
 *
 * The message can quote the request: the URL with a token in its query, or a header that a library rejects. So the text
 * is cut, without queries and long words.
 *
 * @param thrown - any value, because a program can throw everything
 */
export function quoteFailure(thrown: unknown): string {
  return readSafely(() => clean(String(thrown)))
}

/**
 * States an error's name and the function that threw it, or the type of another value.
 *
 * Unlike {@link quoteFailure} it omits the message: `JSON.parse` quotes its input, and in `configure` the input is a key.
 */
export function locateFailure(thrown: unknown): string {
  return readSafely(() => {
    if (!(thrown instanceof Error)) return `a thrown ${typeof thrown}`
    const lines = String(thrown.stack).replace(String(thrown.message), '').split('\n')
    const frame = lines
      .find((line) => FRAME.test(line))
      ?.trim()
      .replace(FOLDERS, '')
    return clean(frame === undefined ? String(thrown.name) : `${String(thrown.name)} ${frame}`)
  })
}

/** A getter, a `toString()` or a trap of a proxy can throw in turn, and some values have no text. */
function readSafely(read: () => string): string {
  try {
    return read()
  } catch {
    return 'a thrown value without a text'
  }
}

/** A terminal obeys control characters, so they are replaced. */
function clean(text: string): string {
  const quoted = text.replace(SECRET, '…').replace(/[^\x20-\x7e…]/g, '?')
  return quoted.length > MAX_QUOTED ? `${quoted.slice(0, MAX_QUOTED)}…` : quoted
}
