import { clientCertOf } from '@countersign/origin-plugin'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'

const NewJob = Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: false })
const Job = Type.Object({ name: Type.String(), owner: Type.String() })

/** Routes for operators, with types from TypeBox. */
const jobs: FastifyPluginAsyncTypebox = async (app) => {
  const all: Type.Static<typeof Job>[] = []

  app.get('/', { schema: { response: { 200: Type.Array(Job) } } }, () => all)

  app.post('/', { schema: { body: NewJob, response: { 201: Job } } }, (request, reply) => {
    const job = { name: request.body.name, owner: clientCertOf(request).subject.CN ?? '' }
    all.push(job)
    reply.code(201)
    return job
  })

  app.delete('/', { config: { clientCert: { subject: { O: 'Acme', OU: 'Ops', CN: 'alice' } } } }, (_request, reply) => {
    all.length = 0
    return reply.code(204).send()
  })
}

export default jobs
