/** The start of an origin, without the test kit. */
import countersign from '@countersign/origin-plugin'
import Fastify from 'fastify'

const app = Fastify()
app.register(countersign, {
  edge: null,
  access: { team: 'acme', audience: 'a'.repeat(64), jwks: { keys: [] } },
  trustedIssuers: null,
})
app.get('/me', () => 'unreachable')
await app.listen({ host: '127.0.0.1', port: 0 })
console.log('started')
await app.close()
