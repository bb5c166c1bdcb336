import type { AddressInfo } from 'node:net'
import { argv } from 'node:process'
import countersign from '@countersign/origin-plugin'
import Fastify from 'fastify'
import { CLIENTS } from '../support/redis-stores.ts'

/** One of several processes of an origin. Arguments: the JWK, the Redis URL, the client's name. Sends its port. */
const [, , jwk = '', url = '', name = ''] = argv
const { store } = await CLIENTS[name as keyof typeof CLIENTS](url)
const app = Fastify()
await app.register(countersign, {
  edge: { keys: JSON.parse(jwk), replay: store, storeTimeout: 5_000 },
  access: null,
  trustedIssuers: null,
})
app.get('/', () => 'in')
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.((app.server.address() as AddressInfo).port)
