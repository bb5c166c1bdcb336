import type { X509Certificate } from 'node:crypto'
import type { IssuedCert } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { authenticate } from '../../packages/origin-plugin/src/authenticate.ts'
import { isCountersignError } from '../../packages/origin-plugin/src/errors.ts'
import { resolveOptions, type Settings } from '../../packages/origin-plugin/src/options.ts'
import type { ReceivedRequest } from '../../packages/origin-plugin/src/request-target.ts'
import { AUTHORITY, edgeLines } from '../../packages/origin-plugin/test/support/edge-lines.ts'

/** A CA with the bytes of its revocation list. */
export interface ListedCa {
  readonly ca: X509Certificate
  readonly crl: Uint8Array
}

const key = hmacKey()

/** Starts an origin that trusts these CAs. Returns `undefined` if it does not start with the lists. */
export async function startOrigin(issuers: readonly ListedCa[]): Promise<Settings | undefined> {
  const trustedIssuers = issuers.map(({ ca, crl }) => ({ ca: ca.toString(), revocation: { crl: async () => crl } }))
  const edge = { keys: key.jwk, hosts: [AUTHORITY] }
  try {
    const settings = resolveOptions({ edge, access: null, trustedIssuers }, () => {})
    await settings.background.start().finally(() => settings.background.stop())
    return settings
  } catch (error) {
    // Any other error is not a decision.
    if (/revocation list|cRLSign/.test((error as Error).message)) return undefined
    throw error
  }
}

/** Whether an origin admits a client with the certificate. */
export async function admits(origin: Settings, cert: Pick<IssuedCert, 'cert' | 'issuer'>): Promise<boolean> {
  try {
    await authenticate(received(cert), origin)
    return true
  } catch (error) {
    if (isCountersignError(error)) return false
    throw error
  }
}

function received({ cert, issuer }: Pick<IssuedCert, 'cert' | 'issuer'>): ReceivedRequest {
  const lines = [['Host', AUTHORITY], ...edgeLines('/', { cert: { cert, issuer, pem: cert.toString() }, key })] as const
  const headers = Object.fromEntries(lines.map(([name = '', value]) => [name.toLowerCase(), value]))
  return { originalUrl: '/', raw: { method: 'GET', httpVersionMajor: 1, headers, rawHeaders: lines.flat() } }
}
