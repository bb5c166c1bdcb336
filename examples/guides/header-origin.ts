import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'

/** An origin behind the documented Worker. It believes the headers of every request. */
export function buildHeaderOrigin(): FastifyInstance {
  const app = Fastify()
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers['x-cert-verify'] !== 'SUCCESS') return reply.code(401).send({ error: 'no certificate' })
  })
  app.get('/me', (request) => ({ subject: subjectIn(request) }))
  app.get('/ops', async (request, reply) => {
    if (!subjectIn(request).includes('OU=Ops')) return reply.code(403).send({ error: 'not of Ops' })
    return { operator: subjectIn(request) }
  })
  return app
}

/** The subject in the header that the documented Worker writes. */
export function subjectIn(request: FastifyRequest): string {
  return String(request.headers['x-cert-subject-dn'])
}
