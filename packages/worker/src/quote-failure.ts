/**
 * A query, and letters of base64: a secret of 128 bits has 22 of them in a row. With dots in between, the name of a host
 * can be as long.
 */
const SECRET = /(?<=\?)\S+|[\w+/=.-]{33,}|[\w+/=-]{22,}/g
/** A longer message helps no more. */
const MAX_QUOTED = 200

/**
 * Quotes an error that the fetcher threw, for the log.
 *
 * Its message can quote the request: the URL with a token in its query, or a header that a library rejects. So the text
 * is cut, without queries and long words.
 *
 * @param error - any value, because a program can throw everything
 */
export function quoteFailure(error: unknown): string {
  try {
    return String(error).replace(SECRET, '…').slice(0, MAX_QUOTED)
  } catch {
    return 'no text'
  }
}
