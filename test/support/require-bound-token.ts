import { type ClientCert, clientCertOf } from '@countersign/origin-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type JWTVerifyGetKey, jwtVerify } from 'jose'

/**
 * Makes a hook that requires an access token for the request's client certificate (RFC 8705, section 3).
 *
 * @param keys - the keys of the authorization server
 */
export function requireBoundToken(keys: JWTVerifyGetKey, options: { issuer: string; audience: string }) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const [, token = ''] = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? []
    const verified = await jwtVerify(token, keys, { ...options, requiredClaims: ['exp', 'cnf'] }).catch(() => undefined)
    const confirmation = verified?.payload['cnf'] as { readonly 'x5t#S256'?: unknown } | null | undefined
    if (confirmation?.['x5t#S256'] === thumbprintOf(clientCertOf(request))) return
    return reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' })
  }
}

/** The digest of the certificate as tokens contain it: in base64url, and not in hexadecimal. */
function thumbprintOf({ fingerprint256 }: ClientCert): string {
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
}
