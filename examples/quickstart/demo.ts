import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { argv, exit } from 'node:process'
import { type ClientFiles, createDevEdge, type WrittenClients, writeClients } from '@countersign/dev-edge'
import { showRefusals, whoAmI } from '@countersign/example-who-am-i'
import Fastify from 'fastify'
import { setUpOrigin } from './app.ts'
import { formatTable } from './table.ts'
import { walkThrough } from './walkthrough.ts'

const PREFERRED_PORT = 8443
const FOLDER = join(import.meta.dirname, '.countersign')

const once = readArguments()
console.log('Starting a local edge (mTLS), the Worker (workerd) and an origin (Fastify) …')

const originPort = await freePort(0)
const edge = await createDevEdge({ origin: `http://127.0.0.1:${originPort}`, port: await freePort(PREFERRED_PORT) })
const lost = await edge.issueClient({ name: 'lost', subject: 'CN=lost,OU=Ops,O=Acme' })
edge.addToCrl(lost)

const config = {
  edge: { keys: edge.keys },
  access: edge.access,
  trustedIssuers: [
    { ca: edge.clientCa, revocation: { crl: () => edge.clientCrl() } },
    { dn: 'CN=Acme Branch CA,O=Acme' },
  ],
}
const app = Fastify({ logger: { level: 'silent' } })
showRefusals(app, { ...config, explain: true })
await setUpOrigin(app, config)
await app.register(whoAmI, { ...config, explain: true })
await app.listen({ host: '127.0.0.1', port: originPort })

console.log(`  edge    ${edge.url}\n  origin  http://127.0.0.1:${originPort}\n`)
const rows = await walkThrough(edge, app, lost)
console.log(formatTable(rows))

const surprises = rows.filter((row) => !row.asExpected).length
console.log(`\n${rows.length} requests, ${rows.length - surprises} as expected, ${surprises} not.`)

if (once) {
  await stop()
  exit(surprises === 0 ? 0 : 1)
}

const files = await writeClients(FOLDER, edge)
console.log(`
Open ${edge.url}/ in a browser. The page shows your certificate with its proofs, or the reason of a refusal.
  To be alice there, import ${shown(files.clients.alice.pkcs12)} (password: ${files.password}) into the browser, or into the
  keychain of macOS, and choose her when the browser asks. The browser warns of the edge's own certificate: accept it, or
  trust ${shown(files.edgeCa)}. Each start makes new certificates.

The edge keeps running until you press Ctrl+C, and the origin now logs each request. Paste these commands:

${curlCommands(files)}
`)
app.log.level = 'info'
process.once('SIGINT', () => stop().then(() => exit(0)))
process.once('SIGTERM', () => stop().then(() => exit(0)))

async function stop(): Promise<void> {
  await edge.close()
  await app.close()
}

function readArguments(): boolean {
  const unknown = argv.slice(2).find((argument) => argument !== '--once')
  if (unknown === undefined) return argv.includes('--once')
  console.error(
    `demo: unknown argument ${unknown}; write --once to stop after the table, or nothing to keep the edge running.`,
  )
  exit(2)
}

/** The preferred port if it is free, otherwise any. */
function freePort(preferred: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      preferred === 0 ? reject(new Error('no port is free on 127.0.0.1')) : resolve(freePort(0)),
    )
    probe.listen(preferred, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function curlCommands({ edgeCa, clients }: WrittenClients): string {
  const curl = (path: string, ...more: string[]) =>
    ['  curl --cacert', shown(edgeCa), ...more, edge.url + path].join(' ')
  const as = ({ cert, key }: ClientFiles) => `--cert ${shown(cert)} --key ${shown(key)}`
  return [
    curl('/healthz'),
    curl('/me'),
    curl('/me', as(clients.alice)),
    curl('/ops', as(clients.bob)),
    curl('/pay', as(clients.bob), "--header 'X-CERT-SUBJECT-DN: CN=alice'"),
    `  curl http://127.0.0.1:${originPort}/me --header 'X-CERT-VERIFY: SUCCESS'`,
  ].join('\n')
}

/** The path from the working directory. */
function shown(path: string): string {
  return relative(process.cwd(), path)
}
