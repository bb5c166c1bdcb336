import { CERTIFICATE_HEADERS } from '@countersign/wire'
import type { Sample } from '../sample.ts'

/** The header from which workerd takes `request.cf`; it removes the header itself. */
export const CF_BLOB_HEADER = 'cf-blob'

/**
 * The sample's request as it was before the Worker: without its certificate headers, and with what Cloudflare saw of the
 * certificate in `request.cf`.
 */
export function beforeWorker(sample: Sample): Sample {
  const lines = sample.headers.flatMap((name, at) =>
    at % 2 === 0 ? [{ name: name.toLowerCase(), line: [name, sample.headers[at + 1] as string] as const }] : [],
  )
  const written = new Map(lines.map(({ name, line: [, value] }) => [name, value]))
  const tlsClientAuth = Object.fromEntries(
    CERTIFICATE_HEADERS.map(({ name, field }) => [field, written.get(name) ?? '']),
  )
  const cf = { colo: 'DEV', country: 'US', httpProtocol: 'HTTP/2', tlsVersion: 'TLSv1.3', tlsClientAuth }
  const kept = lines.filter(({ name }) => !CERTIFICATE_HEADERS.some((header) => header.name === name))
  return { ...sample, headers: [...kept.flatMap(({ line }) => line), CF_BLOB_HEADER, JSON.stringify(cf)] }
}
