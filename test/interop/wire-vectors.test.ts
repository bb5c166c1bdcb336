import type { IncomingMessage } from 'node:http'
import { startServer } from '@countersign/test-support/local-server'
import { sendRaw } from '@countersign/test-support/raw-http'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticate } from '../../packages/origin-plugin/src/authenticate.ts'
import { spendNonce } from '../../packages/origin-plugin/src/edge-signature/spend-nonce.ts'
import { resolveOptions } from '../../packages/origin-plugin/src/options.ts'
import { type Edge, startEdge } from '../../packages/worker/test/support/edge.ts'
import { readText, tableRows } from '../support/files.ts'
import { ACCEPTED } from './vectors/accepted.ts'
import { type AcceptedVector, type RefusedVector, RULES, type Rule, SETTING, type Vector } from './vectors/vector.ts'
import { FOLDER, formatVectors, listVectorFiles } from './vectors/write-vectors.ts'

const accepted: AcceptedVector[] = JSON.parse(readText(`${FOLDER}/accepted.json`))
const refused: RefusedVector[] = JSON.parse(readText(`${FOLDER}/refused.json`))

describe('the published vectors', () => {
  it('are those of the script', () => {
    const published = new Map(listVectorFiles().map((name) => [name, readText(`${FOLDER}/${name}`)]))
    expect(published).toEqual(new Map([...formatVectors()].toSorted()))
  })

  it('have names of their own', () => {
    const names = [...accepted, ...refused].map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('try each rule of docs/wire.md, which has no other', () => {
    const rows = tableRows(readText('docs/wire.md')).filter(([rule]) => /^`[a-z-]+`$/.test(rule ?? ''))
    const documented = rows.map(([rule, code]) => [rule, code].map((cell) => cell?.replaceAll('`', '')))
    expect(documented).toEqual(Object.entries(RULES))
    expect(new Set(refused.map(({ rule }) => rule))).toEqual(new Set(Object.keys(RULES)))
  })
})

/** The plugin's reason for each rule. */
const REASONS: Readonly<Record<Rule, RegExp>> = {
  'header-repeated': /^[\w-]+ is repeated$/,
  'header-unknown': / is not sent by the edge$| are headers of two sources/,
  'header-value': / is empty or not printable ASCII$/,
  'signature-missing': /^Signature(-Input)? (is missing|does not contain the member countersign)$/,
  dictionary: /^a dictionary /,
  'member-repeated': / contains several members countersign$/,
  'derived-components':
    /^the signature does not cover (a list of components|@authority, @method, @path, @query at its end)$/,
  components: /does not cover a list of components$|is unknown, repeated, parameterised or out of order$/,
  'always-covered': /^the signature does not cover x-cert-(presented|verify|revoked)$/,
  coverage: /^the signature does not cover exactly the headers of the request: /,
  parameters: /^the signature parameters do not match the profile$/,
  keyid: /^the keyid "(dev-vectors-other|DEV-vectors-hmac|a{64})" is not one of edge\.keys/,
  alg: /^the alg \S+ is not that of the key/,
  'signature-encoding': /^the signature is not 32 or 64 bytes in base64 between colons$/,
  'target-characters': /^the request target is not printable ASCII$/,
  'host-repeated': /^host is repeated$/,
  'host-spelling': /^the host is spelt /,
  signature: /^the signature does not verify for /,
  created: /^created is \d+ s in the future/,
  expired: /^the signature is \d+ s old/,
  'own-host': /^the request was signed for the host /,
  flags: /or a flag is not 0 or 1$|^the headers describe a certificate that was not presented$/,
  'not-presented': /^the client did not present a certificate$/,
  preflight: /OPTIONS can be a preflight/,
  'validity-verdict': /^Cloudflare's verdict is FAILED:certificate /,
  unverified: /^Cloudflare's verdict is /,
  revoked: /^Cloudflare lists the certificate as revoked/,
  description:
    /^x-cert-[\w-]+(: | is missing although a certificate was presented$)|^client-cert is not base64 between colons/,
  'ambiguous-name': / is ambiguous; let the Worker forward the certificate$/,
  mismatch: /^Client-Cert does not match /,
  'outside-validity': /^the certificate (is not valid before|expired on) /,
  replayed: /^the nonce was spent by an earlier request$/,
}

/** Requests that Node's HTTP parser refuses. No code of ours sees them. */
const BY_PARSER = [
  /^target-characters: (a path that is not ASCII|U\+007F in the path)$/,
  /^header-unknown: letters that are not ASCII$/,
  /^header-value: (a folded line|a zero byte|U\+001F|U\+007F)$/,
  /^dictionary: (a folded line|a control character)/,
  /^signature: the case of the method$/,
]

/** The origin's decision on a request that Node's own HTTP parser has read. */
async function decide(raw: IncomingMessage, { now, spent, certificate }: Vector) {
  const { originKeys: keys, hosts, maxAge, clockTolerance } = SETTING
  const settings = resolveOptions(
    { edge: { keys, hosts, maxAge, clockTolerance }, access: null, trustedIssuers: null },
    () => {},
  )
  for (const nonce of spent) await spendNonce({ nonce, created: now }, settings.edge, now)
  try {
    const proven = await authenticate({ originalUrl: raw.url ?? '', raw }, settings, now, certificate === 'optional')
    await spendNonce(proven.signature, settings.edge, now)
    return { clientCert: proven.clientCert && { ...proven.clientCert.raw } }
  } catch (error) {
    const { code, reason } = error as { code?: string; reason?: string }
    return { code, reason }
  }
}

describe('the plugin', () => {
  let server: Awaited<ReturnType<typeof startServer>>
  let vector: Vector
  beforeAll(async () => {
    server = await startServer(
      async (request, response) => void response.end(JSON.stringify(await decide(request, vector))),
      { requireHostHeader: false, maxHeaderSize: 65_536 },
    )
  })
  afterAll(() => server.close())

  /** Sends the vector's bytes over a socket. */
  async function decisionOn(next: Vector) {
    vector = next
    const { method, target, headers } = next.request
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const { status, body } = await sendRaw(
      server.port,
      `${method} ${target} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`,
    )
    return status === 400 ? 'refused by the HTTP parser' : JSON.parse(body)
  }

  it.each(accepted)('accepts: $name', async (next) => {
    const { clientCert } = await decisionOn(next)
    const { subject = null, serial, fingerprint256, later = {} } = next.client ?? {}
    expect(clientCert === null).toBe(next.client === null)
    expect([
      clientCert?.['x-cert-subject-dn-2253'] ?? clientCert?.['x-cert-subject-dn'] ?? null,
      clientCert?.['x-cert-serial'],
      clientCert?.['x-cert-finger-256'],
    ]).toEqual([subject, serial, fingerprint256])
    expect(clientCert ?? {}).toMatchObject(later)
  })

  it.each(refused)('refuses: $name', async (next) => {
    const decision = await decisionOn(next)
    if (BY_PARSER.some((name) => name.test(next.name))) return expect(decision).toBe('refused by the HTTP parser')
    expect(decision).toEqual({ code: next.code, reason: expect.stringMatching(REASONS[next.rule]) })
  })
})

describe('the Worker', () => {
  const made = accepted.filter(({ worker }) => worker)
  const bindingsOf = ({ request, worker }: AcceptedVector) => {
    const keyid = /keyid="([^"]*)"/.exec(lineOf(request.headers, 'signature-input'))?.[1]
    return {
      COUNTERSIGN_KEY: JSON.stringify(SETTING.workerKeys.find(({ kid }) => kid === keyid)),
      COUNTERSIGN_FORWARD_CERT: worker?.forwardCert,
      COUNTERSIGN_NAMES: worker?.names,
    }
  }
  let edge: Edge
  beforeAll(async () => {
    const workers = Map.groupBy(made, (each) => JSON.stringify(bindingsOf(each)))
    edge = await startEdge(
      Object.fromEntries([...workers.keys()].map((text) => [text, { bindings: JSON.parse(text) }])),
    )
  })
  afterAll(() => edge?.[Symbol.asyncDispose]())

  it('makes a good part of the accepted vectors', () => {
    expect(made.length).toBeGreaterThan(10)
    expect(accepted).toHaveLength(ACCEPTED.length)
  })

  it.each(made)('makes: $name', async (vector) => {
    const { method, target, headers } = vector.request
    const token = headers.filter(([name]) => name === 'Cf-Access-Jwt-Assertion')
    const received = await edge.forward({
      worker: JSON.stringify(bindingsOf(vector)),
      method,
      target,
      authority: lineOf(headers, 'host'),
      headers: token,
      cf: { tlsClientAuth: vector.worker?.tlsClientAuth },
    })
    const names = ['host', 'cf-access-jwt-assertion', ...CERTIFICATE_HEADERS.map(({ name }) => name)]
    for (const name of names) {
      expect(received.header(name) ?? '', name).toBe(lineOf(headers, name))
    }
    expect([received.method, received.url]).toEqual([method, target])
    expect(shapeOf(received.header('signature-input') ?? '')).toBe(shapeOf(lineOf(headers, 'signature-input')))
    expect(received.header('signature')?.length).toBe(lineOf(headers, 'signature').length)
  })
})

type Lines = Vector['request']['headers']

function lineOf(headers: Lines, wanted: string): string {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
}

/** A `Signature-Input` without its time and nonce. The lifetime stays. */
function shapeOf(input: string): string {
  return input
    .replace(/created=(\d+);expires=(\d+)/, (_, created, expires) => `${Number(expires) - Number(created)} s`)
    .replace(/nonce="[A-Za-z0-9_-]{22}"/, 'nonce')
}
