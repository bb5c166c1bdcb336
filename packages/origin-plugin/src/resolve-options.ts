import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { createGuardCompiler, type GuardCompiler } from './compile-guard.ts'
import { type EdgeKeys, importEdgeKeys } from './edge-keys.ts'
import { createNonceMemory, type NonceMemory } from './nonce-memory.ts'
import type { AccessTeamOptions } from './options.ts'
import type { Requirement } from './requirement.ts'
import { type CompiledIssuer, compileTrustedIssuers } from './trusted-issuers.ts'
import type { AccessVerifier } from './verify-access-token.ts'
import type { SignatureLifetime } from './verify-edge-signature.ts'

/** The edge option, ready to verify with. */
export interface EdgeVerifier extends SignatureLifetime {
  readonly keys: EdgeKeys
  readonly nonces: NonceMemory | null
}

/** The options, checked and compiled. */
export interface Settings {
  readonly edge: EdgeVerifier | null
  readonly access: (AccessVerifier & Pick<AccessTeamOptions, 'matches'>) | null
  readonly trustedIssuers: readonly CompiledIssuer[] | null
  readonly guards: GuardCompiler
}

/** A clock set by NTP is within milliseconds; five seconds cover one that is being set. */
const DEFAULT_CLOCK_TOLERANCE = 5
/** As long as the Worker says itself. */
const DEFAULT_MAX_AGE = 60
/** A minute of 16,000 signed requests a second. */
const DEFAULT_MAX_REMEMBERED = 1_000_000
/** Longer than a key server needs, shorter than a client waits. */
const JWKS_TIMEOUT_MS = 5_000

/**
 * Checks every option and compiles it to what a request needs.
 *
 * @throws TypeError with a sentence that says what to write
 */
export function resolveOptions(options: unknown): Settings {
  const given = object(options, 'the options')
  requireKnown(given, ['edge', 'access', 'trustedIssuers', 'policies'], 'the options', [
    'prefix',
    'logLevel',
    'logSerializers',
  ])
  for (const name of ['edge', 'access', 'trustedIssuers']) {
    if (given[name] === undefined)
      throw new TypeError(`${name} is not said: write ${name}: { … }, or ${name}: null to do without`)
  }
  if (given.edge === null && given.access === null) {
    throw new TypeError(
      'edge and access are both null: nothing would prove that a request came through Cloudflare. Write at least one',
    )
  }
  return {
    edge: given.edge === null ? null : resolveEdge(object(given.edge, 'edge')),
    access: given.access === null ? null : resolveAccess(object(given.access, 'access')),
    trustedIssuers: compileTrustedIssuers(given.trustedIssuers),
    guards: createGuardCompiler(object(given.policies ?? {}, 'policies') as Record<string, Requirement>),
  }
}

function resolveEdge(edge: Record<string, unknown>): EdgeVerifier {
  requireKnown(edge, ['keys', 'maxAge', 'clockTolerance', 'replay', 'maxRemembered'], 'edge')
  const maxAge = seconds(edge.maxAge ?? DEFAULT_MAX_AGE, 1, 300, 'edge.maxAge')
  const clockTolerance = seconds(edge.clockTolerance ?? DEFAULT_CLOCK_TOLERANCE, 0, 60, 'edge.clockTolerance')
  const { replay = 'memory', maxRemembered = DEFAULT_MAX_REMEMBERED } = edge
  if (replay !== 'memory' && replay !== false) throw new TypeError('edge.replay must be "memory" or false')
  if (!Number.isSafeInteger(maxRemembered) || (maxRemembered as number) < 1) {
    throw new TypeError('edge.maxRemembered must be a whole number of requests, at least 1')
  }
  // Accepted up to clockTolerance early, and up to clockTolerance late.
  const lifetime = maxAge + 2 * clockTolerance
  return {
    keys: importEdgeKeys(edge.keys),
    maxAge,
    clockTolerance,
    nonces: replay === false ? null : createNonceMemory(lifetime, maxRemembered as number),
  }
}

function resolveAccess(access: Record<string, unknown>): NonNullable<Settings['access']> {
  requireKnown(access, ['team', 'issuer', 'jwksUri', 'jwks', 'audience', 'clockTolerance', 'matches'], 'access')
  if (access.matches !== undefined && typeof access.matches !== 'function') {
    throw new TypeError('access.matches must be a function (access, clientCert) => boolean')
  }
  return {
    ...('team' in access ? resolveTeam(access) : resolveIssuer(access)),
    audience: resolveAudience(access),
    clockTolerance: seconds(access.clockTolerance ?? DEFAULT_CLOCK_TOLERANCE, 0, 60, 'access.clockTolerance'),
    ...(access.matches && { matches: access.matches as NonNullable<AccessTeamOptions['matches']> }),
  }
}

function resolveTeam(access: Record<string, unknown>): Pick<AccessVerifier, 'issuer' | 'keys'> {
  if (['issuer', 'jwksUri', 'jwks'].some((name) => name in access)) {
    throw new TypeError('access.team already says issuer and keys: write either team, or issuer with jwksUri or jwks')
  }
  if (typeof access.team !== 'string' || !/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(access.team)) {
    throw new TypeError('access.team must be the name before .cloudflareaccess.com, such as "acme"')
  }
  const issuer = `https://${access.team}.cloudflareaccess.com`
  return { issuer, keys: remoteKeys(new URL('/cdn-cgi/access/certs', issuer)) }
}

function resolveIssuer(access: Record<string, unknown>): Pick<AccessVerifier, 'issuer' | 'keys'> {
  const { issuer, jwksUri, jwks } = access
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new TypeError('access needs team: "acme", or issuer: "https://…" with jwksUri or jwks')
  }
  if ((jwksUri === undefined) === (jwks === undefined)) {
    throw new TypeError('access.issuer needs either jwksUri (where the keys are) or jwks (the keys), not both')
  }
  return { issuer, keys: jwks === undefined ? remoteKeys(keysUrl(jwksUri)) : localKeys(jwks) }
}

function resolveAudience({ audience, team }: Record<string, unknown>): readonly string[] {
  const audiences = typeof audience === 'string' ? [audience] : audience
  if (
    !Array.isArray(audiences) ||
    audiences.length === 0 ||
    !audiences.every((aud) => typeof aud === 'string' && aud !== '')
  ) {
    throw new TypeError(
      "access.audience is missing: write the application's Audience (AUD) tag. Without it a token of every application of the team would do",
    )
  }
  const malformed = team === undefined ? undefined : audiences.find((aud) => !/^[0-9a-f]{64}$/.test(aud))
  if (malformed !== undefined) {
    throw new TypeError(
      'access.audience must be 64 hexadecimal digits: copy the Audience (AUD) tag from the application in Zero Trust',
    )
  }
  return audiences
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

function keysUrl(jwksUri: unknown): URL {
  const url = typeof jwksUri === 'string' && URL.canParse(jwksUri) ? new URL(jwksUri) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url
  throw new TypeError(
    'access.jwksUri must be an https URL (http only on this machine): over plain http anybody on the way could give his own keys',
  )
}

function remoteKeys(url: URL): JWTVerifyGetKey {
  return createRemoteJWKSet(url, { timeoutDuration: JWKS_TIMEOUT_MS })
}

function localKeys(jwks: unknown): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(jwks as JSONWebKeySet)
  } catch {
    throw new TypeError('access.jwks must be a JWK Set: { keys: [ … ] }')
  }
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} must be an object`)
  return value as Record<string, unknown>
}

function requireKnown(given: object, known: readonly string[], name: string, also: readonly string[] = []): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key) && !also.includes(key))
  if (unknown !== undefined) throw new TypeError(`${name}: "${unknown}" is not known: write ${known.join(', ')}`)
}

function seconds(value: unknown, min: number, max: number, name: string): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new TypeError(`${name} must be a number of seconds from ${min} to ${max}`)
}
