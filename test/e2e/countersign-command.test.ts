import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import type { SigningJwk } from '@countersign/wire'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { type RunningDev, runHere, startCountersignDev } from '../../packages/dev-edge/test/support/command.ts'
import { startChain } from '../support/chain.ts'

const cwd = mkdtempSync(join(tmpdir(), 'countersign-'))
const folder = join(cwd, '.countersign')
afterAll(() => rmSync(cwd, { recursive: true }))

interface Answer {
  readonly status: number | undefined
  readonly body: { readonly code?: string; readonly hello?: string }
}

/** The first line of `countersign dev --json`. */
interface Started {
  readonly url: string
  readonly edgeCa: string
  readonly environment: Readonly<Record<string, string>>
}

/** An origin with the printed configuration. */
async function startPrintedOrigin({ environment }: Started, port: number): Promise<FastifyInstance> {
  const {
    COUNTERSIGN_KEYS,
    COUNTERSIGN_HOSTS,
    ACCESS_ISSUER = '',
    ACCESS_AUDIENCE = '',
    ACCESS_JWKS_URI = '',
  } = environment
  const { CLIENT_CA = '', CLIENT_CRL = '' } = environment
  const app = Fastify()
  await app.register(countersign, {
    edge: { keys: COUNTERSIGN_KEYS, hosts: COUNTERSIGN_HOSTS },
    access: { issuer: ACCESS_ISSUER, audience: ACCESS_AUDIENCE, jwksUri: ACCESS_JWKS_URI },
    trustedIssuers: [{ ca: readFileSync(CLIENT_CA, 'utf8'), revocation: { crl: CLIENT_CRL, refresh: 1 } }],
  })
  app.get('/', (request) => ({ hello: clientCertOf(request).subject.CN }))
  await app.listen({ host: '127.0.0.1', port })
  return app
}

function get({ url, edgeCa }: Started, name?: string): Promise<Answer> {
  const file = (ending: string) => readFileSync(join(folder, 'clients', `${name}${ending}`))
  const client = name === undefined ? {} : { cert: file('.pem'), key: file('-key.pem') }
  return new Promise((resolve, reject) => {
    request(url, { ca: readFileSync(edgeCa), ...client, agent: false }, async (response) => {
      resolve({ status: response.statusCode, body: (await json(response)) as Answer['body'] })
    })
      .on('error', reject)
      .end()
  })
}

async function startDev(port: number): Promise<{ readonly dev: RunningDev; readonly started: Started }> {
  const origin = ['--origin', `http://127.0.0.1:${port}`]
  const dev = startCountersignDev(cwd, ...origin, '--port', '0', '--access-port', '0', '--json')
  return { dev, started: JSON.parse(await dev.line(/"started"/)) }
}

describe('countersign dev', () => {
  it('serves an origin with the printed configuration, and revokes a certificate for it', async () => {
    const port = await freePort()
    const { dev, started } = await startDev(port)
    onTestFinished(async () => {
      await dev.stop()
    })
    const app = await startPrintedOrigin(started, port)
    onTestFinished(() => app.close())
    expect(await get(started, 'alice')).toEqual({ status: 200, body: { hello: 'alice' } })
    expect(await get(started)).toMatchObject({ status: 401, body: { code: 'CSN_CERT_MISSING' } })
    expect(await get(started, 'expired')).toMatchObject({ status: 403, body: { code: 'CSN_CERT_EXPIRED' } })

    expect((await runHere('cert', 'lost', '--folder', folder)).code).toBe(0)
    expect(await get(started, 'lost')).toEqual({ status: 200, body: { hello: 'lost' } })
    expect((await runHere('revoke', 'lost', '--folder', folder)).code).toBe(0)
    const answer = () => get(started, 'lost')
    await expect.poll(answer, { timeout: 15_000 }).toMatchObject({ status: 403, body: { code: 'CSN_CERT_REVOKED' } })
    expect(await get(started, 'alice')).toMatchObject({ status: 200 })
    expect(JSON.parse(await dev.line(/CSN_CERT_REVOKED/))).toMatchObject({
      event: 'request',
      client: 'lost',
      verdict: 'SUCCESS',
    })
  })
})

interface Keys {
  readonly workerKey: SigningJwk
  readonly originKeys: readonly SigningJwk[]
  readonly originKeysWhenDone: readonly SigningJwk[]
}

async function keygen(...args: string[]): Promise<Keys> {
  return JSON.parse((await runHere('keygen', '--json', ...args)).stdout)
}

/** The status of an origin with `keys` for a request that the Worker signed with `key`. */
async function statusWith(key: SigningJwk, keys: readonly SigningJwk[]): Promise<number> {
  const chain = await startChain({ edge: { key }, plugin: ({ hosts }) => ({ edge: { keys, hosts } }) })
  try {
    return (await chain.through('/me', { client: chain.edge.clients.alice })).status
  } finally {
    await chain.close()
  }
}

describe('countersign keygen', () => {
  it.each(['hmac-sha256', 'ed25519'])('creates %s keys for the Worker and the origin', async (alg) => {
    const { workerKey, originKeys } = await keygen('--alg', alg)
    expect(await statusWith(workerKey, originKeys)).toBe(200)
  })

  it('rotates without a refusal if the operator keeps the order', async () => {
    const old = await keygen()
    const file = join(cwd, 'keys.json')
    writeFileSync(file, JSON.stringify(old.originKeys))
    const rotated = await keygen('--rotate', file)
    expect(await statusWith(old.workerKey, rotated.originKeys)).toBe(200)
    expect(await statusWith(rotated.workerKey, rotated.originKeys)).toBe(200)
    expect(await statusWith(rotated.workerKey, rotated.originKeysWhenDone)).toBe(200)
    expect(await statusWith(old.workerKey, rotated.originKeysWhenDone)).toBe(401)
  })
})
