import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runHere } from '../../../test/support/command.ts'
import { createTestEdge } from '../../testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const file = (name: string, content: unknown) => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

let headers: Record<string, string>
let request: string
let origin: string[]
let secrets: string[]

const head = (path: string, lines: Record<string, string>) =>
  `GET ${path} HTTP/1.1\r\n${Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

beforeAll(async () => {
  const { options, ...edge } = await createTestEdge()
  headers = await edge.headers({ url: '/me?id=secret-query', cert: { subject: 'CN=pay-1,OU=Ops,O=Acme' } })
  request = file('request.txt', head('/me?id=secret-query', headers))
  const { issuer = '', audience = '', jwks } = options.access ?? {}
  origin = [
    '--keys',
    file('keys.json', options.edge.keys),
    '--host',
    'localhost',
    '--ca',
    file('ca.pem', options.trustedIssuers[0]),
  ]
  origin.push('--issuer', issuer, '--audience', audience, '--jwks', file('jwks.json', jwks))
  const token = headers['cf-access-jwt-assertion'] as string
  const signature = (headers.signature as string).slice('countersign=:'.length)
  secrets = [token.split('.')[2] as string, token.slice(0, 40), signature, 'secret-query']
  secrets.push(options.edge.keys[0]?.k as string)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Keeps the beginning of a token. */
const mask = (value: string) => (value.startsWith('eyJ') ? `${value.slice(0, 9)}…` : value)

async function inspect(...args: string[]) {
  const result = await runHere('inspect', ...args)
  for (const secret of secrets) expect(result.stdout + result.stderr).not.toContain(secret)
  return result
}

describe('countersign inspect', () => {
  it('explains the capture that the lines of the README write', async () => {
    const capture = join(folder, 'captured.txt')
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    const block = readme.split('\n```').find((text) => text.includes("'request.txt'")) ?? ''
    const lines = file('capture.ts', block.replace(/^ts\n/, '').replace("'request.txt'", JSON.stringify(capture)))
    await import(pathToFileURL(lines).href)
    const edge = await createTestEdge({ access: null })
    const app = Fastify()
    await app.register(countersign, edge.options)
    app.get('/me', (request) => clientCertOf(request).subject.CN)
    const url = new URL('/me', await app.listen({ host: '127.0.0.1', port: 0 }))
    const { host, ...sent } = await edge.headers({ url: '/me', cert: { subject: 'CN=pay-1' } })
    const status = await new Promise((resolve) =>
      get(url, { headers: { ...sent, host }, agent: false }, (answer) => resolve(answer.resume().statusCode)),
    )
    await app.close()
    expect(status).toBe(200)
    const keys = file('captured-keys.json', edge.options.edge.keys)
    const ca = file('captured-ca.pem', edge.options.trustedIssuers[0])
    expect((await inspect(capture, '--keys', keys, '--host', 'localhost', '--no-access', '--ca', ca)).code).toBe(0)
  })

  it('ends with 0 and shows the result of each step', async () => {
    const { code, stdout, stderr } = await inspect(request, ...origin, '--requirement', '{"subject":{"OU":"Ops"}}')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^GET \/me\?\(15 characters\), judged at 20.*Z$/m)
    expect(stdout).toMatch(/^ {2}cf-access-jwt-assertion: \{"alg":"RS256",.*\} and .*email/m)
    expect(stdout).toMatch(/^ {2}signature: countersign=:.{4}…$/m)
    expect(stdout).toMatch(/^ {2}holds {10}edge signature {9}by the key "dev-[0-9a-f]{8}" \(hmac-sha256\), made at /m)
    expect(stdout).toMatch(/^ {2}holds {10}guard {18}\S/m)
    expect(stdout).toMatch(/^admitted$/m)
  })

  it('judges a certificate that was not forwarded as an origin with byName does', async () => {
    const kit = await createTestEdge({ forwardCert: 'none' })
    const { issuer = '', audience = '', jwks } = kit.options.access ?? {}
    const sent = file('by-name.txt', head('/me', await kit.headers({ url: '/me', cert: { subject: 'CN=a' } })))
    const flags = ['--any-host', '--keys', file('keys2.json', kit.options.edge.keys)]
    flags.push('--issuer', issuer, '--audience', audience)
    flags.push('--jwks', file('jwks2.json', jwks), '--ca', file('ca2.pem', kit.options.trustedIssuers[0]))
    const { stdout } = await inspect(sent, ...flags)
    expect(stdout).toMatch(/fails {10}trust .* CSN_CERT_UNTRUSTED_ISSUER: the Worker does not forward the certificate/)
    const named = await inspect(sent, ...flags, '--by-name')
    expect(named.stdout).toMatch(
      /holds {10}trust .* the issuer is trusted by its name, and no signature was verified; /,
    )
    expect(named.code).toBe(0)
  })

  it('judges a chain as an origin with chain does', async () => {
    const kit = await createTestEdge({ forwardCert: 'chain', access: null })
    const headers = await kit.headers({ url: '/me', cert: { subject: 'CN=a', issuer: 'intermediate' } })
    const sent = file('chain.txt', head('/me', headers))
    const flags = ['--any-host', '--keys', file('keys4.json', kit.options.edge.keys), '--no-access']
    flags.push('--ca', file('ca4.pem', kit.options.trustedIssuers[0]))
    expect((await inspect(sent, ...flags)).stdout).toMatch(/fails {10}trust .* CSN_CERT_UNTRUSTED_ISSUER: the issuer /)
    const { code, stdout } = await inspect(sent, ...flags, '--chain', '1')
    expect(stdout).toMatch(
      /holds {10}trust .* a certification path was verified: CN=Acme Branch CA,O=Acme ◀ CN=Acme Client CA,O=Acme; valid/,
    )
    expect(code).toBe(0)
    for (const depth of ['0', 'two']) {
      const wrong = await inspect(sent, ...flags, '--chain', depth)
      expect([wrong.code, wrong.stderr]).toEqual([
        2,
        expect.stringContaining('countersign: --chain must be a whole number'),
      ])
    }
    const both = await inspect(sent, ...flags, '--chain', '1', '--by-name')
    expect([both.code, both.stderr]).toEqual([
      2,
      expect.stringContaining('--by-name does not fit --chain; remove one of the two'),
    ])
  })

  it('judges a request without a certificate as an optional route does', async () => {
    const kit = await createTestEdge()
    const { issuer = '', audience = '', jwks } = kit.options.access ?? {}
    const flags = ['--any-host', '--keys', file('keys3.json', kit.options.edge.keys), '--any-issuer']
    flags.push('--issuer', issuer, '--audience', audience, '--jwks', file('jwks3.json', jwks))
    const without = file('without.txt', head('/me', await kit.headers({ url: '/me', cert: null })))
    const sales = file('sales.txt', head('/me', await kit.headers({ url: '/me', cert: { subject: 'CN=a,OU=Sales' } })))
    const requirement = ['--requirement', '{"subject":{"OU":"Ops"}}']
    expect((await inspect(without, ...flags)).stdout).toContain('refused with 401 CSN_CERT_MISSING')
    for (const more of [[], requirement]) {
      const { code, stdout } = await inspect(without, ...flags, '--optional', ...more)
      expect(code).toBe(0)
      expect(stdout).toMatch(/^ {2}not asked for {2}trust {18}the client presented no certificate, and the /m)
    }
    expect((await inspect(sales, ...flags, '--optional')).code).toBe(0)
    const refused = await inspect(sales, ...flags, '--optional', ...requirement)
    expect(refused.stdout).toContain('refused with 403 CSN_CERT_FORBIDDEN')
  })

  it('ends with 1 and names the step that fails', async () => {
    const { code, stdout, stderr } = await inspect(request, ...origin, '--requirement', '{"subject":{"OU":"Sales"}}')
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'countersign: 1 of 1 requests would be refused\n' })
    expect(stdout).toMatch(/^ {2}fails {10}guard {18}CSN_CERT_FORBIDDEN: /m)
    expect(stdout).toMatch(/^refused with 403 CSN_CERT_FORBIDDEN: The client certificate does not give access/m)
  })

  it('judges requests one after the other, as JSON too', async () => {
    const text = head('/me?id=secret-query', headers)
    const { code, stdout } = await inspect(file('twice.txt', text + text), ...origin, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject([
      { method: 'GET', path: '/me?(15 characters)', refusal: null },
      {
        refusal: { code: 'CSN_SIGNATURE_REPLAYED', statusCode: 401 },
        steps: [
          ...Array.from({ length: 8 }, () => ({ outcome: 'holds' })),
          { step: 'guard', outcome: 'not asked for' },
          { step: 'replay', outcome: 'fails' },
        ],
      },
    ])
  })

  it('judges at the time of --at', async () => {
    const { code, stdout } = await inspect(request, ...origin, '--at', '2046-11-25T12:00:00Z')
    expect(code).toBe(1)
    expect(stdout).toMatch(/judged at 2046-11-25T12:00:00\.000Z$/m)
    expect(stdout).toMatch(/^ {2}fails {10}edge signature {9}CSN_SIGNATURE_EXPIRED: /m)
  })

  it('reads curl -v from standard input, and reports a request that never passed the edge', () => {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    const input =
      '*   Trying 127.0.0.1:3000...\n> GET /me HTTP/1.1\n> Host: 127.0.0.1:3000\n> \n< HTTP/1.1 401 Unauthorized\n'
    const { status, stdout } = spawnSync(process.execPath, [main, 'inspect', ...origin], { input, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stdout).toContain(
      '  none of the headers that Cloudflare and the Worker add. Was it captured before the edge?',
    )
    expect(stdout).toMatch(/^ {2}fails {10}edge signature {9}CSN_SIGNATURE_MISSING: /m)
  })

  it('judges a HAR by the remaining proofs for an origin without edge and Access', async () => {
    const lines = Object.entries(headers).map(([name, value]) => ({ name, value }))
    const entry = { request: { method: 'GET', url: 'https://localhost/other', headers: lines } }
    const har = file('captured.har', { log: { entries: [entry] } })
    expect(await inspect(har, ...origin)).toMatchObject({ code: 1 })
    const withoutEdge = [...origin.slice(6), '--no-edge', '--any-issuer']
    const { code, stdout } = await inspect(har, ...withoutEdge)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}not asked for {2}edge signature {9}edge is null$/m)
    const withoutAccess = [...origin.slice(0, 6), '--no-access']
    expect((await inspect(request, ...withoutAccess)).stdout).toMatch(/^ {2}not asked for {2}Access token /m)
  })

  it('reads the log of Fastify in report mode, by a named policy', async () => {
    const kit = await createTestEdge({ access: null })
    const lines: string[] = []
    const app = Fastify({
      logger: {
        stream: { write: (line: string) => void lines.push(line) },
        serializers: {
          req: ({ method, originalUrl, raw }: FastifyRequest) => ({
            method,
            url: originalUrl,
            rawHeaders: raw.rawHeaders,
          }),
        },
      },
      rewriteUrl: ({ url = '' }) => url.replace('/v1/', '/'),
    })
    onTestFinished(() => app.close())
    const policies = { ops: { subject: { OU: 'Ops' } } }
    await app.register(countersign, { ...kit.options, policies, mode: 'report' })
    app.get('/ops', { config: { clientCert: 'ops' } }, () => {
      throw new Error('Fastify logs this request twice')
    })
    const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1/ops`
    for (const OU of ['Ops', 'Sales']) {
      const sent = await kit.headers({ url: 'https://localhost/v1/ops', cert: { subject: `CN=a,OU=${OU}` } })
      await new Promise((done) => get(url, { headers: sent }, (answer) => answer.resume().once('end', done)))
    }
    expect(lines.filter((line) => line.includes('"rawHeaders"'))).toHaveLength(4)
    const log = file('origin.log', `\n> app@1.0.0 start\n> node server.js\n\n${lines.join('')}`)
    const flags = ['--host', 'localhost', '--keys', file('keys5.json', kit.options.edge.keys), '--no-access']
    flags.push('--ca', file('ca5.pem', kit.options.trustedIssuers[0]), '--mode', 'report')
    flags.push('--policies', file('policies.json', policies), '--policy', 'ops')
    const { code, stdout, stderr } = await inspect(log, ...flags)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'countersign: 1 of 2 requests would be refused\n' })
    expect(stdout.match(/^(admitted|report mode: .*|refused .*)$/gm)).toEqual([
      'admitted',
      expect.stringMatching(/^report mode: admitted, and would be refused with 403 CSN_CERT_FORBIDDEN: /),
    ])
    const refusals = lines.filter((line) => line.includes('would be refused')).join('')
    const without = await inspect(file('refusals.log', refusals), ...flags)
    expect(without.code).toBe(2)
    expect(without.stderr).toContain('the log contains refusals (CSN_CERT_FORBIDDEN) without their requests')
  })

  it.each([
    [
      'the removal of headers',
      {
        redact: { paths: ['req.headers["cf-access-jwt-assertion"]', 'req.headers.signature'], remove: true },
        serializers: { req: ({ method, url, headers }: FastifyRequest) => ({ method, url, headers }) },
      },
      /^countersign: the request in line \d of the log has headers, .* and needs rawHeaders; /,
    ],
    [
      'a censor in rawHeaders',
      {
        redact: { paths: ['req.rawHeaders[*]'], censor: (value: unknown) => mask(String(value)) },
        serializers: {
          req: ({ method, originalUrl: url, raw }: FastifyRequest) => ({ method, url, rawHeaders: raw.rawHeaders }),
        },
      },
      /^countersign: the request in line \d of the log has a value of cf-access-jwt-assertion that the edge never sends, so it may be redacted; /,
    ],
  ])('refuses to judge a log that is redacted by %s', async (_, logger, message) => {
    const lines: string[] = []
    const app = Fastify({ logger: { ...logger, stream: { write: (line: string) => void lines.push(line) } } })
    onTestFinished(() => app.close())
    app.get('/me', () => 'in')
    const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/me`
    await new Promise((done) => get(url, { headers }, (answer) => answer.resume().once('end', done)))
    const { code, stdout, stderr } = await inspect(file('redacted.log', lines.join('')), ...origin)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  it('judges by the tolerances, the age and the audiences of the origin', async () => {
    const created = Number(/created=(\d+)/.exec(headers['signature-input'] as string)?.[1])
    const judge = async (seconds: number, ...flags: string[]) => {
      const at = new Date((created + seconds) * 1000).toISOString()
      return (await inspect(request, ...origin, '--at', at, ...flags)).code
    }
    expect(await judge(64)).toBe(0)
    expect(await judge(66)).toBe(1)
    expect(await judge(66, '--clock-tolerance', '10')).toBe(0)
    expect(await judge(36, '--max-age', '30')).toBe(1)
    expect(await judge(34, '--max-age', '30')).toBe(0)
    // The token is valid from the time of the signature.
    expect(await judge(-20, '--clock-tolerance', '60')).toBe(1)
    expect(await judge(-20, '--clock-tolerance', '60', '--access-clock-tolerance', '10')).toBe(1)
    expect(await judge(-20, '--clock-tolerance', '60', '--access-clock-tolerance', '30')).toBe(0)
    const other = ['--audience', 'of another application']
    expect((await inspect(request, ...other, ...origin)).code).toBe(0)
    expect((await inspect(request, ...origin, ...other)).code).toBe(0)
    expect((await inspect(request, ...origin.slice(0, 8), ...other, ...origin.slice(10))).code).toBe(1)
  })

  it('prints no control character of a request', async () => {
    const hostile = file('hostile.txt', 'GET /\x1b]0;x\x07 HTTP/1.1\r\nX-CERT-VERIFY: \x1b[2J\x9b1m\r\n\r\n')
    const { stdout } = await inspect(hostile, ...origin)
    expect(stdout).toContain('x-cert-verify: ?[2J')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  it('loads the revocation list of the first CA', async () => {
    const { code, stdout, stderr } = await inspect(request, ...origin, '--crl', file('none.crl', 'none'))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^countersign: --crl: the revocation list of CN=Acme Client CA,O=Acme from .*none.crl cannot be loaded: /,
    )
  })

  it.each([
    [['--no-edge'], /--no-edge does not fit --keys; remove one/],
    [['--max-age', '301'], /Write a whole number from 1 to 300/],
    [['--clock-tolerance', '61'], /Write a whole number from 0 to 60/],
    [['--access-clock-tolerance', 'x'], /Write a whole number from 0 to 60/],
    [['--mode', 'off'], /Allowed choices are enforce, report/],
    [['--policy', 'ops'], /--policies is missing; write the file with the named requirements next to --policy/],
    [['--policies', file('list.json', '[]')], /--policies is not an object; write named requirements such as/],
    [['--policies', file('bad.json', '{')], /--policies is not valid JSON/],
    [
      ['--policies', file('ops.json', '{"ops":true}'), '--policy', 'opps'],
      /^countersign: --policy: unknown policy "opps"; known policies are ops/,
    ],
    [['--any-host'], /--any-host does not fit --host; remove one/],
    [['--host', 'https://localhost'], /^countersign: --host: "https:\/\/localhost" is not a host name/],
    [['--no-access'], /--no-access does not fit --[a-z]+; remove one/],
    [['--any-issuer'], /--any-issuer does not fit --ca; remove one/],
    [['--at', 'yesterday'], /Write now, or a time such as 2026-11-25T12:00:00Z\./],
    [['--requirement', 'ops'], /--requirement is not valid JSON; write true, or an object such as/],
    [['--requirement', '"ops"'], /^countersign: --requirement: unknown policy "ops"/],
    [['--requirement', '[]'], /^countersign: --requirement is a list; write one object$/m],
    [
      ['--requirement', 'null'],
      /^countersign: --requirement must be true, the name of a policy, a requirement such as \{ subject: \{ OU: "Ops" \} \}$/m,
    ],
    [['--requirement', '{}'], /^countersign: --requirement is an empty requirement; /],
    [['--requirement', '{"subject":{"OUX":"a"}}'], /^countersign: --requirement.subject: unknown attribute "OUX"/],
    [
      ['--requirement', 'false', '--optional'],
      /^countersign: --requirement must not be false with --optional; write true or an object$/m,
    ],
    [
      ['--policies', file('oux.json', '{"ops":{"subject":{"OUX":"a"}}}')],
      /^countersign: --policies: ops.subject: unknown/,
    ],
    [['--host', ''], /^countersign: --host is not a name; write --host app.example.com, or --any-host$/m],
    [['--audience', ''], /^countersign: --audience /],
    [['--crl', 'ftp://x/y'], /^countersign: --crl must be a path, a file: or http\(s\): URL$/m],
    [['--keys', file('empty.json', '[]')], /^countersign: --keys is empty; write at least one JWK$/m],
    [['--jwks', file('no-keys.json', '{"keys":[]}')], /^countersign: --jwks contains no RSA key; /],
    [['--jwks', 'http://x/'], /^countersign: --jwks must be the text of an https URL /],
    [
      ['--ca', file('$& cut.pem', 'none')],
      /^countersign: --ca .*\/\$& cut\.pem: the text does not contain a PEM certificate; write the path of a file in PEM$/m,
    ],
    [['--keys', '/none'], /--keys is neither a variable that is set nor a file that can be read \(ENOENT\)/],
  ])('ends with 2 for wrong usage: %j', async (args, message) => {
    const { code, stdout, stderr } = await inspect(request, ...origin, ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  it.each([
    [['--no-edge', '--no-access'], '--no-edge and --no-access exclude each other; remove one of the two, to prove '],
    [
      ['--source', 'rfc9440', '--no-access'],
      /--no-access does not fit --source rfc9440, because .* through Cloudflare; write --team and --audience$/m,
    ],
    [
      ['--source', 'rfc9440', '--by-name'],
      /--by-name has no effect with --source rfc9440, because every request contains the certificate; remove it$/m,
    ],
    [
      ['--source', 'cf-cert'],
      /--ca .*ca\.pem is a CA in PEM, and --source cf-cert sends .*; write --by-name, or use --source rfc9440$/m,
    ],
    [
      ['--source', 'cf-cert', '--chain', '1'],
      /--chain needs every certificate of a path, and --source cf-cert sends none; write --by-name, or use --source rfc9440$/m,
    ],
    [['--team', 'a/b', '--audience', 'a'.repeat(64)], '--team must be the name before .cloudflareaccess.com'],
    [['--team', 'acme', '--audience', 'a'], '--audience must be 64 hexadecimal digits'],
    [
      ['--issuer', 'acme', '--audience', 'a', '--jwks', 'https://x/'],
      /--issuer must be a URL; write --issuer https:\/\/…, or --team acme$/m,
    ],
  ])('names the flags for an origin without the Worker: %j', async (flags, message) => {
    const access = flags.some((flag) => /^--(?:no-access|team|issuer)$/.test(flag)) ? [] : origin.slice(6)
    const { code, stderr } = await inspect(request, '--no-edge', '--ca', origin[5] as string, ...access, ...flags)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })

  it('ends with 2 for a missing flag, a missing file, or a malformed request', async () => {
    const problem = async (...args: string[]) => {
      const { code, stderr } = await inspect(...args)
      expect(code).toBe(2)
      return stderr
    }
    expect(await problem(request)).toContain('write --keys COUNTERSIGN_KEYS, or --no-edge')
    expect(await problem(request, ...origin.slice(0, 2))).toContain('write --host NAME for each host in edge.hosts')
    expect(await problem(request, ...origin.slice(0, 6))).toContain('write --team and --audience, or --issuer')
    expect(await problem(request, '--no-edge', '--no-access')).toContain('write --ca FILE')
    expect(await problem(join(folder, 'none'), ...origin)).toContain('the file with the request cannot be read: ENOENT')
    expect(await problem(request, ...origin, '--jwks', request)).toContain('--jwks is not valid JSON')
    expect(await problem(file('answer.txt', 'HTTP/1.1 200 OK\n'), ...origin)).toContain('line 1 is not a request line')
  })
})
