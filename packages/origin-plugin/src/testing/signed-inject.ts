import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { HeaderLine } from './header-lines.ts'
import { AUTHORITY, type EdgeKeyPair, hmacKey, signLines } from './sign-lines.ts'

/** The key that {@link injectSigned} signs with, unless it is told another. */
export const EDGE_KEY: EdgeKeyPair = hmacKey()

/** What to send otherwise than usual. */
export interface SignedRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'
  readonly subject?: string
  readonly key?: EdgeKeyPair
}

/** Injects the request that the Worker would send for a client with a certificate that Cloudflare verified. */
export function injectSigned(
  app: FastifyInstance,
  url: string,
  request: SignedRequest = {},
): Promise<LightMyRequestResponse> {
  const { method = 'GET', subject = 'CN=pay-1,OU=Ops,O=Acme', key = EDGE_KEY } = request
  const lines: HeaderLine[] = [
    ['x-cert-presented', '1'],
    ['x-cert-verify', 'SUCCESS'],
    ['x-cert-revoked', '0'],
    ['x-cert-subject-dn', subject],
    ['x-cert-issuer-dn', 'CN=Acme Issuing CA,O=Acme'],
    ['x-cert-serial', '0A1B'],
    ['x-cert-finger', 'aa'.repeat(20)],
    ['x-cert-finger-256', 'ab'.repeat(32)],
    ['x-cert-notbe', 'Jan  1 00:00:00 2020 GMT'],
    ['x-cert-notaf', 'Jan  1 00:00:00 2050 GMT'],
  ]
  const headers = Object.fromEntries(signLines(lines, { key, method, target: url }))
  return app.inject({ method, url, headers: { host: AUTHORITY, ...headers } })
}
