import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet } from 'jose/jwks/local'
import type { ClientCert } from '../client-cert.ts'
import type { Report, WatchedTask } from '../lib/background-task.ts'
import { checkChoice, checkKnown, checkNumber, checkSet, optionNames } from '../lib/check-option.ts'
import { requireSynchronous } from '../lib/operator-function.ts'
import type { AccessIdentity } from './access-identity.ts'
import { createAccessKeys } from './access-keys.ts'
import { createKeySet, type TokenKeys } from './key-set.ts'
import { selectSigningKeys } from './signing-keys.ts'
import type { AccessVerifier } from './verify-access-token.ts'

interface AccessChecks {
  /** The application's Audience (AUD) tag, or several. `undefined`, such as an unset variable, throws at the start. */
  readonly audience: string | readonly string[] | undefined
  /** Seconds by which the clocks of Access and origin may differ. Default 5. */
  readonly clockTolerance?: number
  /**
   * Whether a failure to fetch the keys stops the start of the server. By default (`false`) the failure is logged and
   * the fetch is repeated in the background. Until it succeeds, requests get `CSN_ACCESS_KEYS_UNAVAILABLE`.
   */
  readonly requireKeysAtStart?: boolean
  /**
   * Decides whether the identity and the certificate belong together, for instance by a user's e-mail address and the
   * subject. It is called for every request. Only `true` admits.
   *
   * @example
   * ```ts
   * const access: AccessTeamOptions = {
   *   team: 'acme',
   *   audience,
   *   matches: (access, cert) => access.kind === 'user' && access.email === cert.subject.emailAddress,
   * }
   * ```
   */
  readonly matches?: (access: AccessIdentity, clientCert: ClientCert) => boolean
}

/**
 * Options for the check of the Access token, with the name of the team.
 *
 * @see {@link https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/ Cloudflare: validate JWTs}
 * @example
 * ```ts
 * import type { AccessTeamOptions } from '@countersign/origin-plugin'
 *
 * const access: AccessTeamOptions = { team: 'acme', audience: process.env['ACCESS_AUDIENCE'] }
 * ```
 */
export interface AccessTeamOptions extends AccessChecks {
  /**
   * The `acme` of `https://acme.cloudflareaccess.com`. This URL is the issuer, and has the keys. `undefined` throws at
   * the start.
   */
  readonly team: string | undefined
}

/**
 * Options for the check of the Access token, with issuer and keys instead of the name of the team.
 *
 * @example
 * ```ts
 * const access: AccessIssuerOptions = {
 *   issuer: 'https://login.acme.example',
 *   audience: process.env['ACCESS_AUDIENCE'],
 *   jwksUri: 'https://login.acme.example/cdn-cgi/access/certs',
 * }
 * ```
 */
export interface AccessIssuerOptions extends AccessChecks {
  /** The `iss` of the tokens. `undefined` throws at the start. */
  readonly issuer: string | undefined
  /** The URL of the keys, in place of {@link AccessIssuerOptions.jwks}: https, or http on this machine. */
  readonly jwksUri?: string
  /** The keys themselves, for tests and closed networks. */
  readonly jwks?: JSONWebKeySet
}

interface ResolvedKeys extends TokenKeys {
  /** Keeps fetched keys current; `null` for keys that the options contain. */
  readonly refresh: WatchedTask | null
}

/** The option `access`, checked and compiled. */
export interface ResolvedAccess extends AccessVerifier, ResolvedKeys, Pick<AccessTeamOptions, 'matches'> {}

/** A clock set by NTP is right within milliseconds. Five seconds cover a clock that is being set. */
const DEFAULT_CLOCK_TOLERANCE = 5

const OPTIONS = optionNames<keyof AccessTeamOptions | keyof AccessIssuerOptions>({
  team: true,
  issuer: true,
  jwksUri: true,
  jwks: true,
  audience: true,
  clockTolerance: true,
  requireKeysAtStart: true,
  matches: true,
})

/**
 * Checks the option `access`.
 *
 * @param report - gets the reason of every failed fetch of the keys, and the end of the failure
 * @throws TypeError whose message states the correction
 */
export function resolveAccess(access: Record<string, unknown>, report: Report): ResolvedAccess {
  checkSet(access, ['team', 'issuer', 'audience', 'jwksUri', 'jwks'], 'access')
  checkKnown(access, OPTIONS, 'access')
  if ('matches' in access) {
    if (typeof access.matches !== 'function') {
      throw new TypeError('access.matches must be a function (access, clientCert) => boolean')
    }
    requireSynchronous(access.matches as () => unknown, 'access.matches')
  }
  const { requireKeysAtStart = false, clockTolerance = DEFAULT_CLOCK_TOLERANCE } = access
  const required = checkChoice(requireKeysAtStart, [true, false], 'access.requireKeysAtStart')
  const { issuer, keys } = 'team' in access ? resolveTeam(access) : resolveIssuer(access)
  return {
    issuer,
    ...(keys instanceof URL ? fetchedKeys(keys, required, report) : givenKeys(keys)),
    audience: resolveAudience(access),
    clockTolerance: checkNumber(clockTolerance, 0, 60, 'seconds', 'access.clockTolerance'),
    ...(access.matches ? { matches: access.matches as NonNullable<AccessTeamOptions['matches']> } : {}),
  }
}

/** A failed first fetch is logged, and repeated in the background. It stops the start only if `required`. */
function fetchedKeys(url: URL, required: boolean, report: Report): ResolvedKeys {
  const { keys, keySet, start, stop, health } = createAccessKeys(url, report)
  return { keys, keySet, refresh: { start: required ? start : () => start().catch(() => {}), stop, health } }
}

function givenKeys(keys: JWTVerifyGetKey): ResolvedKeys {
  const keySet = createKeySet()
  return { keys, keySet: () => keySet, refresh: null }
}

interface IssuerAndKeys {
  readonly issuer: string
  /** The URL of the keys, or a function that finds one in the given key set. */
  readonly keys: URL | JWTVerifyGetKey
}

function resolveTeam(access: Record<string, unknown>): IssuerAndKeys {
  if (['issuer', 'jwksUri', 'jwks'].some((name) => name in access)) {
    throw new TypeError(
      'access.team already determines issuer and keys; write either team, or issuer with jwksUri or jwks',
    )
  }
  if (typeof access.team !== 'string' || !/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(access.team)) {
    throw new TypeError('access.team must be the name before .cloudflareaccess.com, such as "acme", in lower case')
  }
  const issuer = `https://${access.team}.cloudflareaccess.com`
  return { issuer, keys: new URL('/cdn-cgi/access/certs', issuer) }
}

function resolveIssuer({ issuer, jwksUri, jwks }: Record<string, unknown>): IssuerAndKeys {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new TypeError(
      'access must have a team or an issuer URL; write team: "acme", or issuer: "https://…" with jwksUri or jwks',
    )
  }
  if ((jwksUri === undefined) === (jwks === undefined)) {
    throw new TypeError(
      'access.issuer must come with either jwksUri or jwks; write the URL of the keys, or the keys themselves',
    )
  }
  return { issuer, keys: jwks === undefined ? keysUrl(jwksUri) : localKeys(jwks) }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

function keysUrl(jwksUri: unknown): URL {
  const url = typeof jwksUri === 'string' && URL.canParse(jwksUri) ? new URL(jwksUri) : undefined
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw new TypeError(
      'access.jwksUri must be the text of an https URL (http only on this machine); over plain http an attacker could replace the keys',
    )
  }
  if (url.username + url.password !== '') {
    throw new TypeError(
      'access.jwksUri must not contain a user name or a password; the keys are public, write the URL without them',
    )
  }
  return url
}

function localKeys(jwks: unknown): JWTVerifyGetKey {
  const listed = (jwks as Partial<JSONWebKeySet> | null)?.keys
  if (!Array.isArray(listed)) throw new TypeError('access.jwks must be a JWK Set: { keys: [ … ] }')
  const { keys, faults } = selectSigningKeys(listed)
  const [fault] = faults
  if (fault !== undefined) throw new TypeError(`access.jwks: ${fault}`)
  if (keys.length === 0) {
    throw new TypeError("access.jwks contains no RSA key; write the keys that sign the team's tokens")
  }
  return createLocalJWKSet({ keys: [...keys] })
}

function resolveAudience({ audience, team }: Record<string, unknown>): readonly string[] {
  const audiences = typeof audience === 'string' ? [audience] : audience
  const given = Array.isArray(audiences) && audiences.length > 0
  if (!given || !audiences.every((aud) => typeof aud === 'string' && aud !== '')) {
    throw new TypeError(
      "access.audience is missing; write the application's Audience (AUD) tag, or tokens of all applications of the team would be accepted",
    )
  }
  if (team !== undefined && !audiences.every((aud) => /^[0-9a-f]{64}$/.test(aud))) {
    throw new TypeError(
      'access.audience must be 64 hexadecimal digits; copy the Audience (AUD) tag from the application in Zero Trust',
    )
  }
  return audiences
}
