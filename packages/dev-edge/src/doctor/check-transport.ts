import { check, type Finding } from './finding.ts'
import type { Answer } from './probe.ts'

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** Whether the host of a URL is this machine, by an address or a name that nothing else has. */
export const isLoopback = ({ hostname }: URL): boolean => LOOPBACK.test(hostname)

/**
 * Checks the way from Cloudflare to the origin. An attacker on it could read tokens and certificates over plain HTTP.
 *
 * Plain HTTP is `ok` on the loopback address only: there the traffic stays on the machine.
 */
export function checkTransport(url: URL, { tlsError }: Answer): Finding {
  const { ok, warning } = check('origin-transport')
  if (url.protocol === 'http:') {
    return isLoopback(url)
      ? ok('plain http, on this machine')
      : warning('plain http', 'An attacker on the way can read tokens; use https or a tunnel')
  }
  if (tlsError === undefined) return ok('https, with a certificate that is publicly trusted')
  return warning(
    `https, with a certificate that is not publicly trusted: ${tlsError}`,
    "Fine for a certificate of Cloudflare's Origin CA with SSL mode Full (strict). Otherwise install a trusted one",
  )
}
