import { generateKeyPairSync, sign } from 'node:crypto'

/** An Access team that signs tokens. */
export interface FastTeam {
  /** For the origin's `access`. */
  readonly access: { readonly issuer: string; readonly audience: string; readonly jwks: { readonly keys: object[] } }
  /** A token of user number `n`, some 900 characters long as Cloudflare's are. */
  readonly tokenOf: (n: number) => string
}

const ISSUER = 'https://bench.cloudflareaccess.com'
const AUDIENCE = 'a'.repeat(64)

export function createFastTeam(): FastTeam {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: 'RS256', kid: 'bench', typ: 'JWT' })
  const iat = Math.floor(Date.now() / 1000)
  return {
    access: {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }] },
    },
    tokenOf(n) {
      const claims = { aud: [AUDIENCE], email: `user-${n}@bench.example`, exp: iat + 86_400, iat, nbf: iat }
      const session = {
        iss: ISSUER,
        type: 'app',
        identity_nonce: 'n'.repeat(16),
        sub: `${n}`.padStart(36, '0'),
        country: 'US',
      }
      const signed = `${header}.${encode({ ...claims, ...session })}`
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
    },
  }
}
