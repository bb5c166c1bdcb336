/** `[name, value, name, value, …]`, as `node:http` reads and writes them, with order, case and repeats. */
export type RawHeaders = readonly string[]

/** Fields of one connection, not of the message (RFC 9110, section 7.6.1; RFC 9112). */
const HOP_BY_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Attack: `Connection: host` would make the edge drop the request's Host. These fields are never dropped. */
const NEVER_NOMINATED = new Set(['host', 'content-length', 'cookie', 'authorization'])

/** Iterates over raw headers in pairs. */
export function* headerPairs(raw: RawHeaders): Generator<[name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] as string, raw[at + 1] as string]
}

/** Returns the values of one header, in the order of its lines. */
export function headerValues(raw: RawHeaders, name: string): string[] {
  return [...headerPairs(raw)].filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
}

/** Removes the fields of the connection, and the fields that its `Connection` header names. */
export function withoutHopByHop(raw: RawHeaders): string[] {
  const dropped = new Set(HOP_BY_HOP)
  for (const [name, value] of headerPairs(raw)) {
    if (name.toLowerCase() !== 'connection') continue
    for (const token of value.toLowerCase().split(',')) {
      if (!NEVER_NOMINATED.has(token.trim())) dropped.add(token.trim())
    }
  }
  return [...headerPairs(raw)].filter(([name]) => !dropped.has(name.toLowerCase())).flat()
}
