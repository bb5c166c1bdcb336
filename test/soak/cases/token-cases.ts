import { randomBytes } from 'node:crypto'
import type { Epoch } from '../epoch.ts'
import { type Kit, type MakeCase, signed } from './case.ts'

/** Requests with a valid edge signature and a token that does not give access. */
export const TOKEN_CASES: Readonly<Record<string, MakeCase>> = {
  'no token': (kit) => ({
    request: signed(kit, 'alice', { token: undefined }),
    sent: { tokenFault: 'CSN_ACCESS_TOKEN_MISSING' },
  }),
  'an expired token': (kit) => named(kit, ({ tokens }) => tokens.expired, 'CSN_ACCESS_TOKEN_EXPIRED'),
  'a token of another application': (kit) =>
    named(kit, ({ tokens }) => tokens.otherAudience, 'CSN_ACCESS_TOKEN_INVALID'),
  'a token with a forged signature': (kit) => named(kit, forged, 'CSN_ACCESS_TOKEN_INVALID'),
  'a token with changed claims': (kit) =>
    named(kit, ({ tokens }) => withPayload(tokens.user, { email: 'root@acme.example' }), 'CSN_ACCESS_TOKEN_INVALID'),
  'a token that names the certificate of another client': (kit) => {
    const { kid, tokens } = kit.known()
    return { request: signed(kit, 'bob', { token: tokens.certificate }), sent: { kid, certFault: 'CSN_CERT_MISMATCH' } }
  },
  'a token with a junk kid': junkKid,
  'a token without an algorithm': (kit) => ({
    request: signed(kit, 'alice', { token: withHeaderOf(kit.known().tokens.user, { alg: 'none' }) }),
    sent: { tokenFault: 'CSN_ACCESS_TOKEN_INVALID' },
  }),
  'a token that is not a JWT': (kit) => ({
    request: signed(kit, 'alice', { token: randomBytes(500).toString('base64url') }),
    sent: { tokenFault: 'CSN_ACCESS_TOKEN_INVALID' },
  }),
}

/** A token with a key id that no team ever had. It can make the origin fetch the keys. */
export function junkKid(kit: Kit): ReturnType<MakeCase> {
  const kid = randomBytes(32).toString('hex')
  return { request: signed(kit, 'alice', { token: withHeaderOf(kit.known().tokens.user, { kid }) }), sent: { kid } }
}

/** A token with the right key id and a wrong signature. Its verification costs as much as that of a good token. */
export function forgedToken(kit: Kit): ReturnType<MakeCase> {
  return named(kit, forged, 'CSN_ACCESS_TOKEN_INVALID')
}

function named(kit: Kit, tokenOf: (epoch: Epoch) => string, tokenFault: string): ReturnType<MakeCase> {
  const epoch = kit.known()
  return { request: signed(kit, 'alice', { token: tokenOf(epoch) }), sent: { kid: epoch.kid, tokenFault } }
}

function forged({ tokens }: Epoch): string {
  const [header, payload] = tokens.user.split('.')
  return `${header}.${payload}.${randomBytes(256).toString('base64url')}`
}

function withPayload(token: string, claims: object): string {
  const [header, payload = '', signature] = token.split('.')
  return `${header}.${changed(payload, claims)}.${signature}`
}

function withHeaderOf(token: string, parameters: object): string {
  const [header = '', payload, signature] = token.split('.')
  return `${changed(header, parameters)}.${payload}.${signature}`
}

function changed(part: string, members: object): string {
  const value = JSON.parse(Buffer.from(part, 'base64url').toString()) as object
  return Buffer.from(JSON.stringify({ ...value, ...members })).toString('base64url')
}
