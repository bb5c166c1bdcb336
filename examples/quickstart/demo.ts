import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { argv, exit } from 'node:process'
import { createDevEdge, type DevEdge } from '@countersign/dev-edge'
import { buildApp } from './app.ts'
import { formatTable } from './table.ts'
import { walkThrough } from './walkthrough.ts'

const PREFERRED_PORT = 8443
const FOLDER = join(import.meta.dirname, '.countersign')

const once = readArguments()
console.log('Starting a local edge (mTLS), the Worker (workerd) and an origin (Fastify) …')

const originPort = await freePort(0)
const edge = await createDevEdge({ origin: `http://127.0.0.1:${originPort}`, port: await freePort(PREFERRED_PORT) })
const lost = await edge.issueClient({ name: 'lost', subject: 'CN=lost,OU=Ops,O=Acme' })
edge.listAsRevoked(lost)

const app = await buildApp(
  {
    edge: { keys: edge.keys },
    access: edge.access,
    trustedIssuers: [
      { ca: edge.clientCa, revocation: { crl: () => edge.clientCrl() } },
      { dn: 'CN=Acme Branch CA,O=Acme' },
    ],
    explain: true,
  },
  { logger: { level: 'silent' } },
)
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

console.log(`\nOpen ${edge.url}/ in a browser: it shows who you are and what proved it, or why you were refused.`)
console.log(
  `\nThe edge stays up. Paste these; Ctrl+C ends it. From here on the origin logs each request.\n\n${curlCommands(writeClients(edge))}\n`,
)
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
  console.error(`demo: ${unknown} is not known. --once ends after the table; without it the edge stays up.`)
  exit(2)
}

/** The port itself if nobody has it, else any. */
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

interface ClientFiles {
  readonly ca: string
  readonly client: (name: string) => string
}

/** Writes the throw-away certificates where curl can read them; the keys for nobody else. */
function writeClients({ clients, serverCa }: DevEdge): ClientFiles {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const write = (name: string, text: string, mode: number) => {
    const path = join(FOLDER, name)
    writeFileSync(path, text, { mode })
    // A file from a former run keeps its mode.
    chmodSync(path, mode)
    return relative(process.cwd(), path)
  }
  for (const { name, cert, key } of Object.values(clients)) {
    write(`${name}.pem`, cert, 0o644)
    write(`${name}-key.pem`, key, 0o600)
  }
  const folder = relative(process.cwd(), FOLDER)
  return {
    ca: write('edge-ca.pem', serverCa, 0o644),
    client: (name) => `--cert ${join(folder, `${name}.pem`)} --key ${join(folder, `${name}-key.pem`)}`,
  }
}

function curlCommands({ ca, client }: ClientFiles): string {
  const curl = (path: string, more = '') =>
    `  curl --cacert ${ca} ${more} ${edge.url}${path}`.replace(/ {2,}(?=\S)/g, (run, at) => (at === 0 ? run : ' '))
  return [
    curl('/healthz'),
    curl('/me'),
    curl('/me', client('alice')),
    curl('/ops', client('bob')),
    curl('/pay', `${client('bob')} --header 'X-CERT-SUBJECT-DN: CN=alice'`),
    `  curl http://127.0.0.1:${originPort}/me --header 'X-CERT-VERIFY: SUCCESS'`,
  ].join('\n')
}
