import Fastify, { type FastifyInstance } from 'fastify'
import { createRemoteJWKSet, jwtVerify } from 'jose'

/** The Access application whose tokens the origin accepts. */
export interface AccessApplication {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
}

/** An origin that verifies the Access token with jose, and reads the certificate from the headers. */
export function buildTokenOrigin({ issuer, audience, jwksUri }: AccessApplication): FastifyInstance {
  const app = Fastify()
  const keys = createRemoteJWKSet(new URL(jwksUri))
  app.addHook('onRequest', async (request, reply) => {
    try {
      await jwtVerify(String(request.headers['cf-access-jwt-assertion']), keys, { issuer, audience })
    } catch {
      return reply.code(401).send({ error: 'no valid token' })
    }
  })
  app.get('/me', (request) => ({ subject: String(request.headers['x-cert-subject-dn']) }))
  return app
}
