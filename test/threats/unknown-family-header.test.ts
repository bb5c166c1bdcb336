import { clientCertOf } from '@countersign/origin-plugin'
import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import type { Chain, ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.get('/admin', (request) => clientCertOf(request).raw['x-cert-admin'] ?? 'none')
    app.get('/open', { config: { clientCert: false } }, (request) => ({ clientCert: request.clientCert }))
  },
}

const malformed = { status: 400, code: 'CSN_HEADERS_MALFORMED' }
const invalid = { status: 401, code: 'CSN_SIGNATURE_INVALID' }

/** A genuine request, that the attacker holds back. */
const capture = (chain: Chain) => chain.capture('/admin', { client: chain.edge.clients.bob })

/** The request as a Worker of a later release signs it: with the headers behind those of the table. */
function signLater(chain: Chain, request: WireRequest, later: Readonly<Record<string, string>>): WireRequest {
  const added = withLines(request, [...headerLines(request), ...Object.entries(later)])
  return chain.sign(added, { fields: (carried) => [...carried, ...Object.keys(later)] })
}

/** The names that the request's signature covers, as they are in `Signature-Input`. */
const covers = (request: WireRequest, name: string) => headerOf(request, 'signature-input')?.includes(`"${name}"`)

describeThreat('a header of the family that the table does not have', options, (chain) => {
  it('is deleted at the edge if the client writes it', async () => {
    const headers = { 'x-cert-admin': 'yes', 'X-Cert-Later': '1' }
    const captured = await chain.capture('/admin', { client: chain.edge.clients.bob, headers })
    expect(headerOf(captured, 'x-cert-admin')).toBeUndefined()
    expect(headerOf(captured, 'x-cert-later')).toBeUndefined()
    expect(await chain.around(captured)).toMatchObject({ status: 200, body: 'none' })
  })

  it('is refused next to a captured signature, which does not cover it', async () => {
    const added = withHeader(await capture(chain), 'x-cert-admin', 'yes')
    expect(await chain.around(added)).toMatchObject(malformed)
    expect(chain.lastReason()).toBe('x-cert-admin is not sent by the edge')
  })

  it('is refused without a signature', async () => {
    const added = withHeader(await capture(chain), 'x-cert-admin', 'yes')
    const lines = headerLines(added).filter(([name]) => !name.toLowerCase().startsWith('signature'))
    expect(await chain.around(withLines(added, lines))).toMatchObject(malformed)
  })

  it('is refused if the attacker also writes it into the list of the signature', async () => {
    const genuine = await capture(chain)
    const input = headerOf(genuine, 'signature-input')?.replace(' "@authority"', ' "x-cert-admin" "@authority"')
    const added = withHeader(withHeader(genuine, 'x-cert-admin', 'yes'), 'signature-input', input)
    expect(covers(added, 'x-cert-admin')).toBe(true)
    expect(await chain.around(added)).toMatchObject(invalid)
    expect(chain.lastReason()).toMatch(/^the signature does not verify for GET /)
  })

  it('is refused if a second signature, of another label or of ours, covers it', async () => {
    const genuine = await capture(chain)
    const member = headerOf(genuine, 'signature-input')?.replace('"@authority"', '"x-cert-admin" "@authority"') ?? ''
    for (const [first, second] of [
      [member.replace('countersign=', 'other='), headerOf(genuine, 'signature-input')],
      [member, headerOf(genuine, 'signature-input')],
      [headerOf(genuine, 'signature-input'), member],
    ] as const) {
      const added = withHeader(genuine, 'x-cert-admin', 'yes')
      expect(await chain.around(withHeader(added, 'signature-input', `${first}, ${second}`))).toMatchObject(malformed)
    }
  })

  it('is accepted if the signature covers it, and decides nothing', async () => {
    const later = { 'x-cert-admin': 'yes', 'x-cert-subject': 'CN=alice', 'x-cert-verified': 'FAILED' }
    const signed = signLater(chain, await capture(chain), later)
    expect(await chain.around(signed)).toMatchObject({ status: 200, body: 'yes' })
  })

  it('is refused with another value, repeated, removed, or empty after it was signed', async () => {
    const signed = signLater(chain, await capture(chain), { 'x-cert-admin': 'no', 'x-cert-zone': 'z' })
    expect(await chain.around(withHeader(signed, 'x-cert-admin', 'yes'))).toMatchObject(invalid)
    expect(await chain.around(withHeader(signed, 'x-cert-admin', undefined))).toMatchObject(invalid)
    expect(chain.lastReason()).toBe('the signature does not cover exactly the headers of the request: x-cert-admin')
    expect(await chain.around(withHeader(signed, 'x-cert-admin', ''))).toMatchObject(malformed)
    for (const name of ['x-cert-admin', 'X-CERT-ADMIN']) {
      const repeated = withLines(signed, [[name, 'yes'], ...headerLines(signed)])
      expect(await chain.around(repeated)).toMatchObject(malformed)
      expect(chain.lastReason()).toBe('x-cert-admin is repeated')
    }
    expect(await chain.around(signed), 'the request itself is genuine').toMatchObject({ status: 200, body: 'no' })
  })

  it('is refused if the signature covers it out of order, in upper case, or twice', async () => {
    const added = withHeader(await capture(chain), 'x-cert-admin', 'yes')
    for (const fields of [
      (carried: readonly string[]) => ['x-cert-admin', ...carried],
      (carried: readonly string[]) => carried.toSpliced(-1, 0, 'x-cert-admin'),
      (carried: readonly string[]) => [...carried, 'X-Cert-Admin'],
      (carried: readonly string[]) => [...carried, 'x-cert-admin', 'x-cert-admin'],
    ]) {
      expect(await chain.around(chain.sign(added, { fields }))).toMatchObject(malformed)
    }
  })

  it.each(['x_cert-admin', 'x-cert-verify_', 'cf-cert-verified', 'client-cert-admin', 'x-cert--verify'])(
    'is refused under a name that another server may fold, although the signature covers it: %s',
    async (name) => {
      expect(await chain.around(signLater(chain, await capture(chain), { [name]: 'yes' }))).toMatchObject(malformed)
    },
  )

  it('may be up to 16, and not one more', async () => {
    const names = Array.from({ length: 17 }, (_, at) => [`x-cert-later-${at}`, 'a'] as const)
    const [all, fewer] = [Object.fromEntries(names), Object.fromEntries(names.slice(1))]
    expect(await chain.around(signLater(chain, await capture(chain), fewer))).toMatchObject({ status: 200 })
    expect(await chain.around(signLater(chain, await capture(chain), all))).toMatchObject(malformed)
  })

  it('is never taken over from one request to another of the same client', async () => {
    const signed = (later: Readonly<Record<string, string>>) =>
      capture(chain).then((request) => chain.around(signLater(chain, request, later)))
    for (const value of ['yes', 'no', 'yes']) {
      expect(await signed({ 'x-cert-admin': value })).toMatchObject({ status: 200, body: value })
      expect(await signed({})).toMatchObject({ status: 200, body: 'none' })
      expect(await signed({ 'x-cert-other': value })).toMatchObject({ status: 200, body: 'none' })
      expect(await signed({ 'x-cert-other': '1', 'x-cert-admin': value })).toMatchObject({ status: 200, body: value })
    }
  })

  it('is covered in the order of the signature, whatever the order of the lines', async () => {
    for (const later of [
      { 'x-cert-zone': 'z', 'x-cert-admin': 'yes' },
      { 'x-cert-admin': 'yes', 'x-cert-zone': 'z' },
    ]) {
      const signed = signLater(chain, await capture(chain), later)
      expect(await chain.around(withLines(signed, headerLines(signed).reverse()))).toMatchObject({ body: 'yes' })
    }
  })

  it('reaches a public route as an unproven header only', async () => {
    const request = withHeader(await chain.capture('/open'), 'x-cert-admin', 'yes')
    expect(await chain.around(request)).toMatchObject({ status: 200, body: '{"clientCert":null}' })
  })
})

describeThreat('the same at an origin without the edge signature', { plugin: () => ({ edge: null }) }, (chain) => {
  it('is refused, even if a signature covers it', async () => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    expect(await chain.around(signLater(chain, genuine, { 'x-cert-admin': 'yes' }))).toMatchObject(malformed)
    expect(await chain.around(genuine), 'the request itself is accepted').toMatchObject({ status: 200 })
  })
})
