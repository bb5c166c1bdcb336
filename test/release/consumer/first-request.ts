/** A first program of a user. It runs in a project outside of the repository, with the packages of the registry. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createDevEdge } from '@countersign/dev-edge'
import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import { countersign as sign } from '@countersign/worker'
import Fastify, { type FastifyInstance } from 'fastify'

const FILES = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']

async function readMe(app: FastifyInstance): Promise<void> {
  app.get('/me', (request) => clientCertOf(request).subject.CN)
  app.get('/healthz', { config: { clientCert: false } }, () => 'ok')
}

/** Below the ports that the system gives to others, such as the servers of the local edge, until the origin listens. */
function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  return new Promise((resolve) => {
    const probe = createServer()
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(port)))
      .on('error', () => resolve(freePort()))
  })
}

// Each entry of each package loads, with the types and the files next to it.
for (const name of ['wire', 'worker', 'origin-plugin', 'dev-edge']) {
  const path = new URL(`node_modules/@countersign/${name}/`, import.meta.url)
  for (const file of FILES) ok(readFileSync(new URL(file, path), 'utf8').length > 100, `${name}: ${file}`)
  const { exports } = JSON.parse(readFileSync(new URL('package.json', path), 'utf8'))
  for (const [entry, target] of Object.entries<{ types?: string }>(exports)) {
    if (!target.types) continue
    ok(readFileSync(new URL(target.types, path), 'utf8').includes('export'), `${name}: ${target.types}`)
    const module = await import(`@countersign/${name}${entry.slice(1)}`)
    ok(Object.keys(module).length > 0, `${name}: ${entry}`)
  }
}
equal(typeof sign, 'function')

// Without a network: the test kit, and Fastify's inject().
const kit = await createTestEdge()
const injected = Fastify()
await injected.register(countersign, { ...kit.options })
await injected.register(readMe)
const answer = await kit.inject(injected, { method: 'GET', url: '/me', cert: { subject: 'CN=pay-1,O=Acme' } })
deepEqual([answer.statusCode, answer.body], [200, 'pay-1'])
const bare = await injected.inject('/me')
deepEqual([bare.statusCode, bare.json().code], [401, 'CSN_SIGNATURE_MISSING'])
await injected.close()

// A client certificate in a TLS handshake, the Worker in workerd, and the origin.
const port = await freePort()
const edge = await createDevEdge({ origin: `http://127.0.0.1:${port}` })
const app = Fastify()
await app.register(countersign, {
  edge: { keys: edge.keys, hosts: edge.hosts },
  access: edge.access,
  trustedIssuers: [edge.clientCa],
})
await app.register(readMe)
await app.listen({ host: '127.0.0.1', port })
const alice = await edge.fetch('/me', { client: edge.clients.alice })
deepEqual([alice.status, alice.body.toString()], [200, 'alice'])
const direct = await fetch(`http://127.0.0.1:${port}/me`)
equal(direct.status, 401)
ok((await direct.text()).includes('CSN_SIGNATURE_MISSING'))
equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
await app.close()
await edge.close()
console.log('alice was admitted, and the request without a signature refused')
