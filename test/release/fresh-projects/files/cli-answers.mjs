/** Runs `fastify start` behind the local edge, and prints its answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDevEdge } from '@countersign/dev-edge'

/** Below the ports that the system gives to others, such as the servers of the local edge, until the origin listens. */
function freePort() {
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  return new Promise((resolve) => {
    const probe = createServer()
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(port)))
      .on('error', () => resolve(freePort()))
  })
}

const port = await freePort()
const origin = `http://127.0.0.1:${port}`
const edge = await createDevEdge({ origin })
writeFileSync('client-ca.pem', edge.clientCa)
writeFileSync('client-ca.crl', await edge.clientCrl())
const env = {
  ...process.env,
  COUNTERSIGN_KEYS: JSON.stringify(edge.keys),
  COUNTERSIGN_HOSTS: edge.hosts.join(),
  ACCESS_ISSUER: edge.access.issuer,
  ACCESS_AUDIENCE: edge.access.audience,
  ACCESS_JWKS_URI: edge.access.jwksUri,
  CLIENT_CA: 'client-ca.pem',
  CLIENT_CRL: 'client-ca.crl',
}
const args = ['node_modules/fastify-cli/cli.js', 'start', '--address', '127.0.0.1', '--port', port, 'dist/app.js']
const server = spawn(process.execPath, args, { env, stdio: 'inherit' })
const ended = once(server, 'exit')
const isUp = () =>
  fetch(`${origin}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )
while (server.exitCode === null && !(await isUp())) await sleep(100)
try {
  for (const name of ['alice', 'bob']) {
    const { status, body } = await edge.fetch('/jobs', { client: edge.clients[name] })
    console.log(`${name} ${status} ${body}`)
  }
  const refused = await fetch(`${origin}/me`)
  console.log(`refused ${refused.status} ${(await refused.json()).code}`)
} finally {
  server.kill()
  await ended
  await edge.close()
}
