import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import countersign from '@countersign/origin-plugin'
import { startServer } from '@countersign/test-support/local-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCountersign, runHere } from '../../../test/support/command.ts'
import { AccessIssuer } from '../../access/access-issuer.ts'
import type { Finding } from '../../doctor/finding.ts'
import { createEdgeKey, toVerificationKey } from '../../pki/edge-key.ts'
import { createTestEdge } from '../../testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const keyFile = join(folder, 'keys.json')
const key = createEdgeKey('ed25519')
let app: FastifyInstance
let origin: string

beforeAll(async () => {
  const { options } = await createTestEdge({ access: null })
  app = Fastify()
  await app.register(countersign, options)
  app.get('/public', { config: { clientCert: false } }, () => 'for all')
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

describe('countersign doctor', () => {
  it('ends with 0 when nothing fails, warnings or not', async () => {
    writeFileSync(keyFile, JSON.stringify([toVerificationKey(key)]))
    const { code, stdout } = await runCountersign(
      folder,
      'doctor',
      '--origin',
      origin,
      '--no-access',
      '--keys',
      keyFile,
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok {7}edge-keys {11}"dev-[0-9a-f]{8}" \(ed25519\)$/m)
    expect(stdout).toMatch(/^ok {7}unsigned-request {4}refused with 401 CSN_SIGNATURE_MISSING$/m)
    expect(stdout).toMatch(
      /^skipped {2}other-host {10}not checked: no key that can sign\n {29}Give --keys with an HMAC key/m,
    )
    expect(stdout).not.toContain('warning')
  })

  it('ends with 1 when a check fails, and names it', async () => {
    const { code, stdout, stderr } = await runHere('doctor', '--origin', `${origin}/public`, '--no-access', '--json')
    expect(code).toBe(1)
    expect(stderr).toContain('countersign: 3 of 7 checks failed')
    expect(JSON.parse(stdout)).toContainEqual({
      check: 'unsigned-request',
      outcome: 'failed',
      detail: 'answered 200: the origin accepted it',
      advice: expect.any(String),
    })
  })

  it('fails a private key in the set of the origin, and does not print it', async () => {
    writeFileSync(keyFile, JSON.stringify([key]))
    const { code, stdout, stderr } = await runHere('doctor', '--origin', origin, '--no-access', '--keys', keyFile)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^failed {3}edge-keys .*must not contain the private "d"; give the origin the public key/m)
    expect(stdout + stderr).not.toContain(key.d)
  })

  it("fetches the keys of a team with its own domain from the team's issuer", async () => {
    const team = await startServer((request, response) => {
      expect(request.url).toBe('/cdn-cgi/access/certs')
      response.end('{"keys":[]}')
    })
    const flags = ['--origin', origin, '--issuer', team.url, '--audience', 'a'.repeat(64), '--json']
    const { stdout } = await runHere('doctor', ...flags)
    await team.close()
    expect(team.requests()).toBe(1)
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: 'access-keys', outcome: 'failed' }))
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: 'audience', outcome: 'ok' }))
  })

  it('takes the keys from the URL or the file of --jwks, as the origin does', async () => {
    const issuer = await AccessIssuer.create()
    const keyServer = await startServer((request, response) => {
      expect(request.url).toBe('/keys')
      response.end(JSON.stringify(issuer.certs()))
    })
    const file = join(folder, 'jwks.json')
    const flags = ['--origin', origin, '--issuer', 'https://login.acme.example', '--audience', 'a'.repeat(64), '--json']
    const keysOf = async (jwks: string) => {
      const { stdout } = await runHere('doctor', ...flags, '--jwks', jwks)
      const findings: Finding[] = JSON.parse(stdout)
      return findings
        .filter(({ check }) => check.startsWith('access-key'))
        .map(({ check, outcome, detail }) => `${outcome} ${check}: ${detail}`)
    }
    const good = ['ok access-keys: 1 RS256 key', 'ok access-key-age: the newest key is 1 day old']
    expect(await keysOf(`${keyServer.url}/keys`)).toEqual(good)
    await keyServer.close()
    expect(keyServer.requests()).toBe(1)
    writeFileSync(file, JSON.stringify(issuer.certs()))
    expect(await keysOf(file)).toEqual(good)
    writeFileSync(file, '[]')
    expect(await keysOf(file)).toEqual(['failed access-keys: the keys are not a JWK Set'])
    writeFileSync(file, '{"keys":[{"kty":"RSA","d":"AQAB"}]}')
    expect(await keysOf(file)).toEqual(['failed access-keys: the keys contain a private key'])
  })

  it('looks for a cache in front of --edge', async () => {
    const { stdout } = await runHere(
      'doctor',
      '--origin',
      origin,
      '--no-access',
      '--edge',
      `${origin}/public`,
      '--json',
    )
    expect(JSON.parse(stdout).at(-1)).toEqual({
      check: 'cache',
      outcome: 'failed',
      detail: 'answered 200 without a certificate',
      advice: expect.any(String),
    })
  })

  it('sends a preflight to --edge', async () => {
    const flags = ['--origin', origin, '--no-access', '--edge', `${origin}/public`, '--preflight', 'https://a.example']
    const { stdout } = await runHere('doctor', ...flags, '--json')
    expect(JSON.parse(stdout).at(-1)).toEqual({
      check: 'preflight',
      outcome: 'failed',
      detail: 'for the signature of the Worker, the origin refused with 401 CSN_SIGNATURE_MISSING',
      advice: 'Follow the advice of the check "through-edge"',
    })
  })

  it.each([
    [[], /--origin is missing; write a protected route at the origin: --origin/],
    [
      ['--origin', 'http://localhost', '--issuer', 'https://login.acme.example'],
      /write --team or --issuer, and --audience/,
    ],
    [['--origin', 'http://localhost', '--audience', 'a'], /write --team or --issuer, and --audience/],
    [
      ['--origin', 'http://localhost', '--team', 'acme', '--issuer', 'https://a', '--audience', 'a'],
      /--issuer does not fit --team; remove one of the two/,
    ],
    [
      ['--origin', 'http://localhost', '--no-access', '--issuer', 'https://a'],
      /--no-access does not fit --issuer; remove one of the two/,
    ],
    [['--origin', 'http://localhost', '--team', 'acme'], /write --team or --issuer, and --audience, or --no-access/],
    [
      ['--origin', 'http://localhost', '--team', 'acme', '--no-access'],
      /--no-access does not fit --team; remove one of the two/,
    ],
    [
      ['--origin', 'http://localhost', '--audience', 'a', '--jwks', 'https://a'],
      /--jwks belongs to --issuer; write both, as the access\.jwksUri and access\.issuer of the origin/,
    ],
    [
      ['--origin', 'http://localhost', '--no-access', '--jwks', 'https://a'],
      /--no-access does not fit --jwks; remove one of the two/,
    ],
    [
      ['--origin', 'http://localhost', '--team', 'acme', '--jwks', 'https://a/keys', '--audience', 'a'],
      /--jwks does not fit --team; remove one of the two/,
    ],
    ...(
      [
        ['http://a.example/keys', /--jwks must be an https URL \(http only on this machine\), as the origin requires/],
        ['https://me:secret@a.example/keys', /--jwks must be a URL such as/],
        [join(folder, 'absent'), /--jwks cannot be read \(ENOENT\); write the path of a file/],
        [main, /--jwks is not valid JSON; write the path of a file with JSON/],
      ] as [string, RegExp][]
    ).map(([jwks, message]): [string[], RegExp] => [
      ['--origin', 'http://localhost', '--issuer', 'https://a', '--jwks', jwks, '--audience', 'a'],
      message,
    ]),
    [['--origin', 'localhost', '--no-access'], /--origin must be a URL/],
    [['--origin', 'http://localhost', '--no-access', '--host', 'https://a'], /--host must be a hostname/],
    [['--origin', 'http://localhost', '--no-access', '--client', 'a.pem'], /--client-key and --edge belong together/],
    [
      ['--origin', 'http://localhost', '--no-access', '--keys', 'absent'],
      /--keys is neither a variable that is set nor a file that can be read \(ENOENT\)/,
    ],
  ])('names the missing or wrong flag: %j', async (args, message) => {
    const { code, stdout, stderr } = await runHere('doctor', ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
