import { type EdgeKeyPair, hmacKey } from '@countersign/test-support/edge-key-pair'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { AUTHORITY, appendSignature } from './edge-lines.ts'

/** The key of {@link injectSigned} by default. */
export const EDGE_KEY: EdgeKeyPair = hmacKey()

/** Options of the plugin with which {@link injectSigned} is admitted: the signature is the only proof. */
export const SIGNED_ONLY = { edge: { keys: EDGE_KEY.jwk, hosts: [AUTHORITY] }, access: null, trustedIssuers: null }

/** Deviations from the usual request. */
export interface InjectOverrides {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'
  readonly subject?: string
  /** Such as `Jan  1 00:00:00 2050 GMT`. */
  readonly notAfter?: string
  readonly key?: EdgeKeyPair
}

/** Injects the request that the Worker would send for a client with a certificate that Cloudflare verified. */
export function injectSigned(
  app: FastifyInstance,
  url: string,
  {
    method = 'GET',
    subject = 'CN=pay-1,OU=Ops,O=Acme',
    notAfter = 'Jan  1 00:00:00 2050 GMT',
    key = EDGE_KEY,
  }: InjectOverrides = {},
): Promise<LightMyRequestResponse> {
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
    ['x-cert-notaf', notAfter],
  ]
  const headers = Object.fromEntries(appendSignature(lines, key, { method, target: url }))
  return app.inject({ method, url, headers: { host: AUTHORITY, ...headers } })
}
