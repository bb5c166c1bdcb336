/** An origin in ES modules. It answers on a socket, and prints both answers. */
import { once } from 'node:events'
import { get } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify from 'fastify'

const edge = await createTestEdge()
const app = Fastify()
await app.register(countersign, { ...edge.options })
app.get('/me', (request) => clientCertOf(request).subject.CN)
await app.listen({ host: '127.0.0.1', port: 0 })

const send = async (headers) => (await once(get(`${app.listeningOrigin}/me`, { headers }), 'response'))[0]
const admitted = await send(await edge.headers({ method: 'GET', url: '/me', cert: { subject: 'CN=pay-1' } }))
const refused = await send({ host: 'localhost' })
console.log(`admitted ${admitted.statusCode} ${await text(admitted)}`)
console.log(`refused ${refused.statusCode} ${(await json(refused)).code}`)
await app.close()
