import { readFileSync } from 'node:fs'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify from 'fastify'

const { COUNTERSIGN_KEYS, COUNTERSIGN_HOSTS, ACCESS_ISSUER = '', ACCESS_AUDIENCE, ACCESS_JWKS_URI = '' } = process.env
const { CLIENT_CA = '', PORT } = process.env

const app = Fastify({ logger: { level: 'warn' } })
await app.register(countersign, {
  edge: { keys: COUNTERSIGN_KEYS, hosts: COUNTERSIGN_HOSTS },
  access: { issuer: ACCESS_ISSUER, audience: ACCESS_AUDIENCE, jwksUri: ACCESS_JWKS_URI },
  trustedIssuers: [readFileSync(CLIENT_CA, 'utf8')],
})
app.get('/me', (request) => {
  const { 'x-region': region, 'x-token': token } = request.headers
  return { name: clientCertOf(request).subject.CN, region, token }
})
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
console.log('listening')
