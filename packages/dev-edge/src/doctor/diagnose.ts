import type { HeaderSourceName } from '@countersign/origin-plugin'
import { ACCESS_CERTS_PATH } from '../access/team-keys.ts'
import { type AccessKeysReport, checkAccessKeys, checkKeySet, GIVEN } from './check-access-keys.ts'
import { checkEdge } from './check-edge.ts'
import { checkEdgeKeys, type EdgeKeysReport } from './check-edge-keys.ts'
import { checkOrigin } from './check-origin.ts'
import { checkPreflight } from './check-preflight.ts'
import { isLoopback } from './check-transport.ts'
import { check, type Finding } from './finding.ts'
import type { ClientCredentials } from './probe.ts'
import { findSigningKey } from './sign-probe.ts'

/**
 * The Access application of a deployment, in the form of the origin's `access`.
 *
 * @example
 * ```ts
 * const access: DiagnosedAccess = { team: 'acme', audience: process.env['ACCESS_AUDIENCE'] ?? '' }
 * ```
 */
export type DiagnosedAccess =
  | { readonly team: string; readonly audience: string }
  | {
      readonly issuer: string
      readonly audience: string
      /** The URL of the keys. Without it and `jwks`, they are at the path of Access below the issuer. */
      readonly jwksUri?: string | undefined
      /** The keys themselves, a JWK Set. */
      readonly jwks?: unknown
    }

/**
 * Options of {@link diagnose}.
 *
 * @example
 * ```ts
 * const options: DiagnoseOptions = {
 *   origin: 'http://127.0.0.1:3000/me',
 *   access: { team: 'acme', audience },
 *   host: 'app.example.com',
 * }
 * ```
 */
export interface DiagnoseOptions {
  /** A protected route at the origin's own address, around Cloudflare: `https://203.0.113.7:3000/me`. */
  readonly origin: string
  /** The Access application; `null` for an origin without Access (API Shield). */
  readonly access: DiagnosedAccess | null
  /** The origin's `source`. The default is `worker`. Another one needs `access`, and has no keys. */
  readonly source?: HeaderSourceName | undefined
  /** The JSON text of the origin's keys, `COUNTERSIGN_KEYS`. Without it the keys are not checked. */
  readonly keys?: string | undefined
  /** The hostname that clients use, one of the origin's `edge.hosts`. With `keys` it also checks `edge.hosts`. */
  readonly host?: string | undefined
  /** A URL at Cloudflare that leads to the origin: `https://app.example.com/me`. Without it the edge is not checked. */
  readonly edge?: string | undefined
  /** The client certificate for `edge`, with its key, in PEM. */
  readonly client?: ClientCredentials | undefined
  /**
   * The origin of a page that calls from a browser: `https://dashboard.example.com`. With it and `edge`, a preflight is
   * sent through Cloudflare.
   */
  readonly preflight?: string | undefined
  /** The Worker's `COUNTERSIGN_FORWARD_CERT`. With `chain` the origin needs room for longer headers. */
  readonly forwardCert?: 'leaf' | 'chain' | 'none' | undefined
}

/**
 * Checks a deployment from the outside, and its configuration.
 *
 * Fetches the keys of Access, and sends the origin requests that it must refuse. None of them contains a real token,
 * certificate or key. With an HMAC key it also signs two requests that have neither. Every request takes 5 seconds at
 * most.
 *
 * @returns the findings, in the order of the checks
 * @throws TypeError if an option is wrong. The message tells the caller which value to write.
 * @example
 * ```ts
 * const findings = await diagnose({ origin: 'http://127.0.0.1:3000/me', access: { team: 'acme', audience } })
 * process.exitCode = findings.some(({ outcome }) => outcome === 'failed') ? 1 : 0
 * ```
 */
export async function diagnose(options: DiagnoseOptions): Promise<Finding[]> {
  const { origin, access, source = 'worker', keys, host, edge, client, preflight, forwardCert } = options
  const url = parseUrl(origin, 'origin')
  if (access === undefined)
    throw new TypeError('access is missing; write { team, audience }, or null for an origin without Access')
  if (access && 'issuer' in access) requireOneSet(access)
  requireFit(source, access, keys)
  if (host !== undefined && !HOST.test(host)) {
    throw new TypeError('host must be a hostname, with a port if it is not 443: "app.example.com"')
  }
  const edgeUrl = edge === undefined ? undefined : parseUrl(edge, 'edge')
  if (preflight !== undefined) requirePage(preflight, edgeUrl)
  const { findings, answer } = access ? await checkAccess(access) : NO_ACCESS
  const keysReport = keys === undefined ? NO_KEYS : checkEdgeKeys(keys)
  const key = findSigningKey(keysReport.keys)
  return [
    ...keysReport.findings,
    ...findings,
    ...(await checkOrigin(url, { source, host, key, withChain: forwardCert === 'chain', cloudflare: answer })),
    // Without a Worker there is no signature that the origin could accept.
    ...(edgeUrl ? (await checkEdge(edgeUrl, client)).slice(source === 'worker' ? 0 : 1) : []),
    ...(edgeUrl && preflight !== undefined ? [await checkPreflight(edgeUrl, preflight)] : []),
  ]
}

/** The origin itself does not start with a source that does not fit. */
function requireFit(source: HeaderSourceName, access: DiagnosedAccess | null, keys: string | undefined): void {
  if (!['worker', 'rfc9440', 'cf-cert'].includes(source)) {
    throw new TypeError('source must be "worker", "rfc9440" or "cf-cert"')
  }
  if (source === 'worker') return
  if (access === null) throw new TypeError(`access must not be null with source "${source}"; write { team, audience }`)
  if (keys !== undefined) throw new TypeError(`keys belong to the Worker, and source is "${source}"; remove keys`)
}

function requireOneSet({ issuer, jwks, jwksUri }: Extract<DiagnosedAccess, { issuer: string }>): void {
  parseUrl(issuer, 'issuer')
  if (jwks === undefined || jwksUri === undefined) return
  throw new TypeError('access has jwks and jwksUri; write one of the two, as at the origin')
}

/** A browser writes an origin without a path. With one, no answer would ever allow it. */
function requirePage(page: string, edge: URL | undefined): void {
  if (URL.parse(page)?.origin !== page) {
    throw new TypeError('preflight must be the origin of a page, without a path: "https://dashboard.example.com"')
  }
  if (edge === undefined) throw new TypeError('preflight needs edge; write the URL at Cloudflare that the page calls')
}

const NO_ACCESS: AccessKeysReport = { findings: [] }
const NO_KEYS: EdgeKeysReport = { findings: [], keys: [] }

const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/

async function checkAccess(access: DiagnosedAccess): Promise<AccessKeysReport> {
  const report =
    'issuer' in access && access.jwks !== undefined
      ? { findings: checkKeySet(access.jwks, Date.now(), GIVEN) }
      : await checkAccessKeys(accessKeysUrl(access))
  return { ...report, findings: [checkAudience(access.audience), ...report.findings] }
}

function checkAudience(audience: string): Finding {
  const { ok, failed } = check('audience')
  if (/^[0-9a-f]{64}$/.test(audience)) return ok('64 hexadecimal digits')
  return failed(
    'the audience is not 64 hexadecimal digits',
    'Copy the Audience (AUD) tag from the application in Zero Trust',
  )
}

function accessKeysUrl(access: DiagnosedAccess): URL {
  if ('issuer' in access) {
    return access.jwksUri === undefined ? new URL(ACCESS_CERTS_PATH, access.issuer) : keysUrl(access.jwksUri)
  }
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(access.team)) {
    throw new TypeError('team must be the name before .cloudflareaccess.com, such as "acme"')
  }
  return new URL(ACCESS_CERTS_PATH, `https://${access.team}.cloudflareaccess.com`)
}

/** The origin does not start with another one. */
function keysUrl(text: string): URL {
  const url = parseUrl(text, 'jwksUri')
  if (url.protocol === 'https:' || isLoopback(url)) return url
  throw new TypeError('jwksUri must be an https URL (http only on this machine), as the origin requires')
}

function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url
  throw new TypeError(`${name} must be a URL such as "https://origin.example.com/me"`)
}
