import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createDevEdge, type DevEdge } from '@countersign/dev-edge'
import { ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import { freePort, type LocalServer, startServer } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import {
  formatRequest,
  headerLines,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { filesMatching, ROOT, readText } from '../support/files.ts'
import { FOLDER } from './vectors/write-vectors.ts'

/** Debian's own Python comes first: another one on the PATH often lacks the package. */
const CANDIDATES = ['/usr/bin/python3', 'python3']

/**
 * Finds a Python with the package `cryptography`.
 *
 * @throws Error without one. The message names the packages to install
 */
function findPython(): string {
  const found = CANDIDATES.find((python) => spawnSync(python, ['-c', 'import cryptography']).status === 0)
  if (found === undefined) {
    throw new Error(
      'python3 with the package cryptography is missing; install python3 and python3-cryptography, or run pip install cryptography',
    )
  }
  return found
}

const EXAMPLE = 'examples/verify-in-python'
const python = findPython()

const tryVectors = (folder: string) => {
  const { status, stdout, stderr } = spawnSync(python, ['-B', join(ROOT, EXAMPLE, 'try_vectors.py'), folder], {
    encoding: 'utf8',
  })
  return { status, lines: stdout.trim().split('\n'), stderr }
}

describe('the verifier in Python', () => {
  it('is as short as its README states', () => {
    const length = readText(`${EXAMPLE}/verifier.py`).trimEnd().split('\n').length
    expect(length).toBeLessThan(150)
    expect(readText(`${EXAMPLE}/README.md`)).toContain(`: ${length} lines`)
  })

  it('decides on every vector as the vector does', () => {
    const counts = ['accepted', 'refused'].map((name) => JSON.parse(readText(`${FOLDER}/${name}.json`)).length)
    const line = `${counts[0]} accepted and ${counts[1]} refused, 0 wrong`
    expect(tryVectors(join(ROOT, FOLDER))).toEqual({ status: 0, lines: [line], stderr: '' })
  })

  it('reports a vector that it decides otherwise', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-vectors-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const path of filesMatching(`${FOLDER}/*.json`)) {
      writeFileSync(join(folder, path.slice(FOLDER.length)), readText(path).replace('"rule": "alg"', '"rule": "keyid"'))
    }
    const { status, lines } = tryVectors(folder)
    expect([status, lines[0]]).toEqual([1, expect.stringMatching(/: expected keyid, decided alg$/)])
  })
})

/** The origin in Python, with the lines that it prints. */
interface PythonOrigin {
  readonly port: number
  readonly lines: readonly string[]
  stop(): Promise<void>
}

async function startOrigin({ keys, hosts }: DevEdge): Promise<PythonOrigin> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'countersign-origin-'))
  const file = join(folder, 'origin.env')
  writeFileSync(file, `COUNTERSIGN_KEYS=${JSON.stringify(keys)}\nCOUNTERSIGN_HOSTS=${hosts.join(',')}\n`)
  const child = spawn(python, ['-B', join(ROOT, EXAMPLE, 'origin.py'), String(port), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const isUp = () =>
    new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1')
      probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
      probe.once('connect', () => probe.destroy())
    })
  await vi.waitUntil(isUp, { timeout: 15_000 })
  return {
    port,
    lines,
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

describe.each([
  ['HMAC', hmacKey()],
  ['Ed25519', ed25519Key()],
])('an origin in Python behind the local edge: %s', (_, { privateJwk }) => {
  let edge: DevEdge
  let tap: LocalServer
  let origin: PythonOrigin
  const passed: WireRequest[] = []

  beforeAll(async () => {
    // Records the Worker's requests, for the attacks below, and hands them over byte by byte.
    tap = await startServer(async ({ method = '', url = '', rawHeaders }, response) => {
      const request = { method, target: url, headers: rawHeaders }
      passed.push(request)
      const { status, body } = await around(request)
      response.writeHead(status).end(body)
    })
    edge = await createDevEdge({ origin: tap.url, key: privateJwk, log: () => {} })
    origin = await startOrigin(edge)
  })
  afterAll(async () => {
    await Promise.all([edge?.close(), tap?.close(), origin?.stop()])
  })

  const around = (request: WireRequest) => sendRaw(origin.port, formatRequest(request))
  /** The line that the origin prints for a request. */
  const lineFor = async (send: () => Promise<{ readonly status: number }>) => {
    const before = origin.lines.length
    const { status } = await send()
    await vi.waitUntil(() => origin.lines.length > before)
    return { status, ...JSON.parse(origin.lines.at(-1) ?? '') }
  }

  it.each(['/', '/a%2Fb//c?d=%20e&f?'])('names the client of %s', async (path) => {
    const { status, client } = await lineFor(() => edge.fetch(path, { client: edge.clients.alice }))
    const { fingerprint256 } = new X509Certificate(edge.clients.alice.cert)
    expect(status).toBe(200)
    expect(client).toMatchObject({
      subject: expect.stringMatching(/^CN=alice,/),
      fingerprint256: fingerprint256.replaceAll(':', '').toLowerCase(),
    })
  })

  it.each([
    ['no certificate', undefined, 'not-presented'],
    ['an expired certificate', 'expired', 'validity-verdict'],
    ['a certificate that is not yet valid', 'notYetValid', 'validity-verdict'],
    ['a self-signed certificate', 'selfSigned', 'unverified'],
    ['a revoked certificate', 'revoked', 'revoked'],
  ] as const)('refuses a client with %s', async (_what, name, rule) => {
    const client = name && edge.clients[name]
    expect(await lineFor(() => edge.fetch('/', { client }))).toEqual({ status: 403, refused: rule })
  })

  it('refuses a request again, changed, or without a signature', async () => {
    await edge.fetch('/me?a=b', { client: edge.clients.alice })
    const request = passed.at(-1) ?? expect.fail('nothing was recorded')
    const isSignature = ([name]: readonly [string, string]) => /^signature/i.test(name)
    const attempts: readonly [WireRequest, string][] = [
      [request, 'replayed'],
      [{ ...request, target: '/admin' }, 'signature'],
      [{ ...request, method: 'DELETE' }, 'signature'],
      [withHeader(request, 'x-cert-subject-dn-2253', 'CN=root'), 'signature'],
      [withLines(request, [['X-CERT-VERIFY', 'SUCCESS'], ...headerLines(request)]), 'header-repeated'],
      [withLines(request, [...headerLines(request), ['X_CERT_VERIFY', 'SUCCESS']]), 'header-unknown'],
      [
        withLines(
          request,
          headerLines(request).filter((line) => !isSignature(line)),
        ),
        'signature-missing',
      ],
      [withHeader(request, 'host', 'other.example.com'), 'signature'],
    ]
    for (const [attempt, rule] of attempts) {
      expect(await lineFor(() => around(attempt)), rule).toEqual({ status: 403, refused: rule })
    }
  })
})
