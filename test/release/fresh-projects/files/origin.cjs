/** An origin in CommonJS. It answers on a socket, and prints both answers. */
const { once } = require('node:events')
const { get } = require('node:http')
const { json, text } = require('node:stream/consumers')
const { createTestEdge } = require('@countersign/dev-edge/testing')
const { clientCertOf, countersign, default: byDefault } = require('@countersign/origin-plugin')
const fastify = require('fastify')

async function main() {
  if (byDefault !== countersign) throw new Error('the default export is another plugin')
  const edge = await createTestEdge()
  const app = fastify()
  await app.register(countersign, { ...edge.options })
  app.get('/me', (request) => clientCertOf(request).subject.CN)
  await app.listen({ host: '127.0.0.1', port: 0 })

  const send = async (headers) => (await once(get(`${app.listeningOrigin}/me`, { headers }), 'response'))[0]
  const admitted = await send(await edge.headers({ method: 'GET', url: '/me', cert: { subject: 'CN=pay-1' } }))
  const refused = await send({ host: 'localhost' })
  console.log(`admitted ${admitted.statusCode} ${await text(admitted)}`)
  console.log(`refused ${refused.statusCode} ${(await json(refused)).code}`)
  await app.close()
}

main()
