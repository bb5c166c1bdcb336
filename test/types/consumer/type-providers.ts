import { type CountersignPluginOptions, clientCertOf, countersign } from '@countersign/origin-plugin'
import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts'
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { pino } from 'pino'
import { z } from 'zod'

declare const options: CountersignPluginOptions

/** TypeBox: the parameters of the route keep their types beside hook, config and certificate. */
const typebox = Fastify({ loggerInstance: pino() }).withTypeProvider<TypeBoxTypeProvider>()
await typebox.register(countersign, options)
typebox.get(
  '/tenants/:tenant',
  {
    schema: { params: Type.Object({ tenant: Type.String() }) },
    onRequest: typebox.requireClientCert('ops'),
    config: { clientCert: { subject: { OU: 'Ops' } } },
  },
  (request) => {
    const tenant: string = request.params.tenant
    return { tenant, cn: clientCertOf(request).subject.CN }
  },
)

/** JSON schemas of `json-schema-to-ts`. */
const jsonSchema = Fastify({ http2: true }).withTypeProvider<JsonSchemaToTsProvider>()
await jsonSchema.register(countersign, options)
jsonSchema.post(
  '/pay',
  {
    schema: {
      body: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
    } as const,
    preHandler: jsonSchema.requireClientCert({ subject: { CN: ['pay-1', 'pay-2'] } }),
  },
  (request) => {
    const amount: number = request.body.amount
    return { amount, cn: clientCertOf(request).subject.CN }
  },
)

/** Zod. */
const zod = Fastify().withTypeProvider<ZodTypeProvider>()
zod.setValidatorCompiler(validatorCompiler)
zod.setSerializerCompiler(serializerCompiler)
await zod.register(countersign, options)
zod.get(
  '/search',
  {
    schema: { querystring: z.object({ q: z.string() }), response: { 200: z.object({ q: z.string() }) } },
    preValidation: zod.requireClientCert('ops'),
    config: { clientCert: (cert, request) => cert.subject.O === request.hostname },
  },
  (request) => {
    const q: string = request.query.q
    clientCertOf(request).x509?.fingerprint256
    return { q }
  },
)

zod.get('/wrong', { schema: { querystring: z.object({ q: z.string() }) } }, (request) => {
  // @ts-expect-error: the certificate does not weaken the types of the route
  request.query.other
  return clientCertOf(request).serialNumber
})
export const providers = [typebox.clientCertRoutes(), jsonSchema.clientCertRoutes(), zod.clientCertRoutes()]
