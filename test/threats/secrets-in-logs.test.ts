import { headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

// The log has the identity of each client too.
describeThreat('logs and answers', { plugin: () => ({ log: true }) }, (chain) => {
  let captured: WireRequest
  const answers: string[] = []
  beforeAll(async () => {
    const { alice, bob } = chain.edge.clients
    captured = await chain.capture('/me', { client: alice })
    const broken = [
      withHeader(captured, 'signature', undefined),
      withHeader(captured, 'signature', `${headerOf(captured, 'signature')}, x`),
      withHeader(captured, 'signature-input', `${headerOf(captured, 'signature-input')};x=1`),
      withHeader(captured, 'x-cert-serial', 'zz'),
      // A log line contains CF-Ray, and a client around the edge writes any text there.
      withHeader(captured, 'cf-ray', headerOf(captured, 'cf-access-jwt-assertion')),
      chain.sign(withHeader(captured, 'cf-access-jwt-assertion', `${headerOf(captured, 'cf-access-jwt-assertion')}x`)),
      captured,
      captured,
    ]
    for (const request of broken) answers.push((await chain.around(request)).body)
    for (const path of ['/alice', '/nowhere']) answers.push((await chain.through(path, { client: bob })).body)
  })

  it('contain a reason for each refusal', () => {
    const refusals = chain.log
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'countersign: request refused')
    expect(refusals.length).toBeGreaterThanOrEqual(7)
    for (const { level, code, statusCode, reason } of refusals) {
      expect({ level, statusCode }).toEqual({ level: 40, statusCode: expect.any(Number) })
      expect(code).toMatch(/^CSN_/)
      expect(reason).toMatch(/\w/)
    }
  })

  it('never contain a token, a signature or a key', () => {
    const text = [...chain.log, ...answers].join('\n')
    expect(text).toContain('"access":{"kind":')
    const signature = headerOf(captured, 'signature')?.slice('countersign=:'.length, -1) ?? ''
    const token = headerOf(captured, 'cf-access-jwt-assertion') ?? ''
    expect(signature.length).toBeGreaterThan(40)
    for (const secret of [signature, token, ...token.split('.'), chain.key.k as string]) {
      expect(text).not.toContain(secret)
    }
  })

  it('to the client do not contain the reason', () => {
    for (const body of answers.filter((each) => each.includes('CSN_'))) {
      expect(Object.keys(JSON.parse(body)).sort()).toEqual(['code', 'error', 'message', 'statusCode'])
    }
  })
})

const lines: string[] = []

describeThreat('the log of the Worker', { edge: { require: 'verified', log: (line) => lines.push(line) } }, (chain) => {
  it('contains a line for each refusal, and no query, token or key', async () => {
    const { expired, revoked } = chain.edge.clients
    for (const client of [undefined, expired, revoked]) {
      const headers = { authorization: 'Bearer secret-1', cookie: 'a=secret-2' }
      expect(await chain.through('/me?token=secret-3', { ...(client && { client }), headers })).toMatchObject({
        status: 403,
      })
    }
    await expect.poll(() => lines.length).toBe(3)
    expect(lines.map((line) => JSON.parse(line).code)).toEqual([
      'CSN_CERT_UNVERIFIED',
      'CSN_CERT_UNVERIFIED',
      'CSN_CERT_REVOKED',
    ])
    for (const secret of ['secret-', 'eyJ', chain.key.k as string]) expect(lines.join()).not.toContain(secret)
  })
})
