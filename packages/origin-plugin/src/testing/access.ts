import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose'
import { createKeySet } from '../access-token/key-set.ts'
import type { AccessVerifier } from '../access-token/verify-access-token.ts'

export const ISSUER = 'https://acme.cloudflareaccess.com'
export const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'

/** Claims to change; `undefined` takes one out. */
export type Claims = Readonly<Record<string, unknown>>

/** An Access team of the tests. */
export interface TestAccess {
  readonly jwks: JSONWebKeySet
  readonly verifier: AccessVerifier
  readonly publicPem: string
  /** A signed token; a user's, unless the claims say otherwise. */
  token(claims?: Claims, header?: Readonly<Record<string, unknown>>): Promise<string>
}

const now = () => Math.floor(Date.now() / 1000)

export const userClaims = (): JWTPayload => ({
  aud: [AUDIENCE],
  email: 'jane@acme.example',
  exp: now() + 3600,
  iat: now(),
  nbf: now(),
  iss: ISSUER,
  type: 'app',
  identity_nonce: 'abc',
  sub: '7335d417-61da-459d-899c-0a01c76a2f94',
  country: 'US',
})

/** A service token's claims: neither `nbf` nor `email`. */
export const serviceClaims = (commonName = 'e367826f93b8d71185e03fe518aff3b4.access'): Claims => ({
  email: undefined,
  nbf: undefined,
  identity_nonce: undefined,
  sub: '',
  common_name: commonName,
})

export async function createAccess(kid = 'access-1'): Promise<TestAccess> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] }
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64')
  const keys = createLocalJWKSet(jwks)
  const keySet = createKeySet()
  return {
    jwks,
    publicPem: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`,
    verifier: { issuer: ISSUER, audience: [AUDIENCE], keys, keySet: () => keySet, clockTolerance: 5 },
    token: (claims = {}, header = {}) =>
      new SignJWT(JSON.parse(JSON.stringify({ ...userClaims(), ...claims })))
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT', ...header })
        .sign(privateKey),
  }
}

/** A real HTTP server for keys. */
export async function startKeyServer(answer: RequestListener) {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`,
    requests: () => requests,
    close() {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
