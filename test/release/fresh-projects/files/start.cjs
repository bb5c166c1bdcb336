/** The start of an origin in CommonJS, without the test kit. */
const { countersign } = require('@countersign/origin-plugin')
const fastify = require('fastify')

const app = fastify()
app.register(countersign, {
  edge: null,
  access: { team: 'acme', audience: 'a'.repeat(64), jwks: { keys: [] } },
  trustedIssuers: null,
})
app.get('/me', () => 'unreachable')
app.listen({ host: '127.0.0.1', port: 0 }).then(() => {
  console.log('started')
  return app.close()
})
