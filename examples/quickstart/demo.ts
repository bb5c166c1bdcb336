import { createServer } from 'node:net'
import { join } from 'node:path'
import { argv, exit } from 'node:process'
import { type ClientFiles, createDevEdge, type WrittenClients, writeClients } from '@countersign/dev-edge'
import { whoAmI } from '@countersign/example-who-am-i'
import { buildApp } from './app.ts'
import { formatTable, proofsOf, walkThrough } from './walkthrough.ts'

const PREFERRED_PORT = 8443
const FOLDER = join(import.meta.dirname, '.countersign')

const once = readArguments()
console.log('Starting a local edge (mTLS), the Worker (workerd) and an origin (Fastify) …')

const originPort = await freePort(0)
// The folder keeps keys and certificates, so that a browser's import is still good at the next start.
const edge = await createDevEdge({
  origin: `http://127.0.0.1:${originPort}`,
  port: await freePort(PREFERRED_PORT),
  folder: FOLDER,
  forwardCert: 'chain',
})
const lost = await edge.issueClient({ name: 'lost', subject: 'CN=lost,OU=Ops,O=Acme' })
edge.addToCrl(lost)

const proofs = proofsOf(edge)
const app = await buildApp(proofs, { logger: { level: 'silent' } })
// A page for browsers, on top of the finished origin. `explain` is for a laptop alone: it helps attackers too.
await app.register(whoAmI, { ...proofs, explain: true })
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
Open ${edge.url}/ in a browser. The page shows your certificate and its proofs, or the reason why you were refused.
  To be alice, import this file into the browser, or into the keychain of macOS, and choose her certificate when the
  browser asks. The password is ${files.password}.
    ${files.clients.alice.pkcs12}
  The browser warns of the edge's own certificate: continue, or trust this CA in a profile for development.
    ${files.edgeCa}
  The next start uses the same keys and certificates. Remove ${FOLDER} for new ones.

The edge keeps running until Ctrl+C or \`kill ${process.pid}\`. Paste these commands into any terminal. The origin now logs each request.

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
    `demo: unknown argument ${unknown}; pass --once to stop after the table, or nothing to keep the edge running`,
  )
  exit(2)
}

/** Returns the preferred port if it is free, and any free port otherwise. */
function freePort(preferred: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      preferred === 0 ? reject(new Error('127.0.0.1 has no free port')) : resolve(freePort(0)),
    )
    probe.listen(preferred, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function curlCommands({ edgeCa, clients }: WrittenClients): string {
  const curl = (path: string, ...more: string[]) =>
    ['  curl --cacert', quoted(edgeCa), ...more, edge.url + path].join(' ')
  const as = ({ cert, key }: ClientFiles) => `--cert ${quoted(cert)} --key ${quoted(key)}`
  return [
    curl('/healthz'),
    curl('/me'),
    curl('/me', as(clients.alice)),
    curl('/ops', as(clients.bob)),
    curl('/pay', as(clients.bob), "--header 'X-CERT-SUBJECT-DN: CN=alice'"),
    `  curl http://127.0.0.1:${originPort}/me --header 'X-CERT-VERIFY: SUCCESS'`,
  ].join('\n')
}

/** Quotes a path for a POSIX shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
