import { tlsClientAuth } from './incoming-request.ts'

/** The part of a log line that its writer chooses. */
export interface LogEntry {
  readonly level: 'warn' | 'error'
  /** The code of the answer, if the Worker answers. */
  readonly code?: string
  readonly reason: string
}

/**
 * Writes one JSON line about a request to the Worker's log: the entry, the request's method, host, path and `CF-Ray`,
 * and the fingerprint and serial number of the certificate, if the client presented one.
 *
 * It has no query and no header but `CF-Ray`, because these can contain a token.
 */
export function logLine(request: Request, entry: LogEntry): void {
  // workerd accepts a host that URL refuses, such as `xn--a`.
  const { host, pathname } = URL.parse(request.url) ?? {}
  const { certPresented, certFingerprintSHA256, certSerial } = tlsClientAuth(request)
  const cert = certPresented === '1' ? { fingerprint256: certFingerprintSHA256, serial: certSerial } : {}
  const ray = request.headers.get('cf-ray') ?? undefined
  console[entry.level](JSON.stringify({ ...entry, method: request.method, host, path: pathname, ray, ...cert }))
}
