import type { AddressInfo } from 'node:net'
import { argv } from 'node:process'
import countersign from '@countersign/origin-plugin'
import Fastify from 'fastify'
import { CLIENTS } from '../support/redis-stores.ts'

/**
 * One of the processes of an origin. Sends its port to the parent when it listens.
 *
 * Its answer names the process. Arguments: the key that the Worker signs with (JWK), the URL of Redis, and the name of a client in `CLIENTS`.
 */
const [, , jwk = '', url = '', name = ''] = argv
const { store } = await CLIENTS[name as keyof typeof CLIENTS](url)
const app = Fastify()
await app.register(countersign, {
  edge: { keys: jwk, hosts: null, replay: store, storeTimeout: 5_000 },
  access: null,
  trustedIssuers: null,
})
app.get('/', () => `in ${process.pid}`)
await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.((app.server.address() as AddressInfo).port)
