import type { CapturedRequest } from '@countersign/origin-plugin/explain'

/**
 * Parses the requests of a HAR, the export format of browsers and proxies.
 *
 * @throws SyntaxError that names the malformed entry. It quotes nothing of the input.
 * @see {@link http://www.softwareishard.com/blog/har-12-spec/ HAR 1.2}
 */
export function parseHar(json: string): CapturedRequest[] {
  const entries = propertyOf(propertyOf(parseJson(json), 'log'), 'entries')
  if (!Array.isArray(entries)) throw new SyntaxError('the input is JSON but not a HAR; log.entries is missing')
  if (entries.length === 0) throw new SyntaxError('the HAR contains no request')
  return entries.map((entry, at) => parseEntry(propertyOf(entry, 'request'), `log.entries[${at}].request`))
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // The message of JSON.parse quotes its input, and the input contains tokens.
    throw new SyntaxError('the input begins like JSON, but is not valid JSON')
  }
}

function parseEntry(request: unknown, where: string): CapturedRequest {
  const [method, url, headers] = ['method', 'url', 'headers'].map((name) => propertyOf(request, name))
  if (typeof method !== 'string' || typeof url !== 'string' || !URL.canParse(url) || !Array.isArray(headers)) {
    throw new SyntaxError(`${where} needs a method, a url and headers`)
  }
  const lines = headers.map((header) => {
    const [name, value] = [propertyOf(header, 'name'), propertyOf(header, 'value')]
    if (typeof name === 'string' && typeof value === 'string') return [name, value] as const
    throw new SyntaxError(`${where}.headers needs a name and a value for each`)
  })
  // Node's HTTP/1.1 parser reads the values of these pseudo headers from the request line and from Host.
  const fields = lines.filter(([name]) => !name.startsWith(':'))
  const hasHost = fields.some(([name]) => name.toLowerCase() === 'host')
  return {
    method,
    target: targetOf(url),
    rawHeaders: [...(hasHost ? [] : ['Host', new URL(url).host]), ...fields.flat()],
  }
}

/** Returns path and query as the URL spells them. A parsed and formatted URL could differ from the signed one. */
function targetOf(url: string): string {
  const path = url.replace(/^[^:]+:\/\/[^/?#]*/, '').replace(/#.*$/s, '')
  return path.startsWith('/') ? path : `/${path}`
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
