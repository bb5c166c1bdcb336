import { readFileSync } from 'node:fs'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify from 'fastify'

const { COUNTERSIGN_KEYS, COUNTERSIGN_HOSTS, ACCESS_ISSUER = '', ACCESS_AUDIENCE, ACCESS_JWKS_URI = '' } = process.env
const { CLIENT_CA = '', CLIENT_CRL = '', PORT = '3000' } = process.env

const app = Fastify({ logger: { level: 'warn' } })
await app.register(countersign, {
  edge: { keys: COUNTERSIGN_KEYS, hosts: COUNTERSIGN_HOSTS },
  access: { issuer: ACCESS_ISSUER, audience: ACCESS_AUDIENCE, jwksUri: ACCESS_JWKS_URI },
  trustedIssuers: [{ ca: readFileSync(CLIENT_CA, 'utf8'), revocation: { crl: CLIENT_CRL, refresh: 5 } }],
  policies: { ops: { subject: { OU: 'Ops' } } },
})

app.get('/healthz', { config: { clientCert: false } }, () => 'ok')
app.get('/', (request, reply) => reply.type('text/html').send(page(clientCertOf(request).subject.CN ?? '')))
app.get('/restarts', { config: { clientCert: 'ops' } }, () => ({ restarts: 3 }))
await app.listen({ host: '127.0.0.1', port: Number(PORT) })

/** Asks the server for a number that only operators may read. */
function page(name: string): string {
  return `<!doctype html>
<title>Status</title>
<h1>Hello ${name.replace(/[&<>]/g, '')}</h1>
<button>Show restarts</button> <output></output>
<script>
  document.querySelector('button').onclick = async () => {
    const answer = await (await fetch('/restarts')).json()
    document.querySelector('output').textContent = answer.code ?? answer.restarts + ' restarts'
  }
</script>`
}
