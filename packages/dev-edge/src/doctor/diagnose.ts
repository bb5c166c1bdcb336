import { ACCESS_CERTS_PATH } from '../access/team-keys.ts'
import { type AccessKeysReport, checkAccessKeys } from './check-access-keys.ts'
import { checkEdgeKeys } from './check-edge-keys.ts'
import { checkOrigin } from './check-origin.ts'
import { check, type Finding } from './finding.ts'

/** The Access application of a deployment, in the form of the origin's `access`. */
export type DiagnosedAccess =
  | { readonly team: string; readonly audience: string }
  | { readonly issuer: string; readonly audience: string; readonly jwksUri?: string | undefined }

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /** A protected route at the origin's own address, around Cloudflare: `https://203.0.113.7:3000/me`. */
  readonly origin: string
  /** The Access application; `null` for an origin without Access (API Shield). */
  readonly access: DiagnosedAccess | null
  /** The JSON text of the origin's keys, `COUNTERSIGN_KEYS`. Without it the keys are not checked. */
  readonly keys?: string | undefined
}

/**
 * Checks a deployment from the outside, and its configuration.
 *
 * Fetches the keys of Access, and sends the origin requests that it must refuse. None of them contains a real token,
 * certificate or key. Every request takes 5 seconds at most.
 *
 * @returns the findings, in the order of the checks
 * @throws TypeError if an option is wrong. The message tells the caller which value to write.
 * @example
 * ```ts
 * const findings = await diagnose({ origin: 'http://127.0.0.1:3000/me', access: { team: 'acme', audience } })
 * process.exitCode = findings.some(({ outcome }) => outcome === 'failed') ? 1 : 0
 * ```
 */
export async function diagnose({ origin, access, keys }: DiagnoseOptions): Promise<Finding[]> {
  const url = parseUrl(origin, 'origin')
  if (access === undefined)
    throw new TypeError('access is missing; write { team, audience }, or null for an origin without Access')
  const { findings, answer } = access ? await checkAccess(access) : NO_ACCESS
  return [...(keys === undefined ? [] : [checkEdgeKeys(keys)]), ...findings, ...(await checkOrigin(url, answer))]
}

const NO_ACCESS: AccessKeysReport = { findings: [] }

async function checkAccess(access: DiagnosedAccess): Promise<AccessKeysReport> {
  const report = await checkAccessKeys(accessKeysUrl(access))
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
    return access.jwksUri
      ? parseUrl(access.jwksUri, 'jwksUri')
      : new URL(ACCESS_CERTS_PATH, parseUrl(access.issuer, 'issuer'))
  }
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(access.team)) {
    throw new TypeError('team must be the name before .cloudflareaccess.com, such as "acme"')
  }
  return new URL(ACCESS_CERTS_PATH, `https://${access.team}.cloudflareaccess.com`)
}

function parseUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url
  throw new TypeError(`${name} must be a URL such as "https://origin.example.com/me"`)
}
