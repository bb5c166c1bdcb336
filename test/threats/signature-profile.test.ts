import { carriedFields, headerOf, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a signature by the right key in another profile', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  const refused = { status: 401, code: 'CSN_SIGNATURE_INVALID' }
  const rewritten = (input: (member: string) => string) => chain.around(chain.sign(request, { input }))

  it.each(['x-cert-finger-256', 'x-cert-verify', 'x-cert-subject-dn-2253', 'client-cert', 'cf-access-jwt-assertion'])(
    'is refused when it omits %s',
    async (name) => {
      const fields = carriedFields(request).filter((field) => field !== name)
      expect(await chain.around(chain.sign(request, { fields: () => fields }))).toMatchObject(refused)
    },
  )

  it('is refused when it covers a missing header as if it were empty', async () => {
    const without = withHeader(request, 'x-cert-ski', undefined)
    expect(await chain.around(chain.sign(without, { fields: () => carriedFields(request) }))).toMatchObject(refused)
  })

  it.each(['@authority', '@method', '@path', '@query'])('is refused when it omits %s', async (name) => {
    expect(await rewritten((member) => member.replace(` "${name}"`, ''))).toMatchObject(refused)
  })

  it.each([
    [
      'the components in another order',
      (member: string) => member.replace('"x-cert-presented" "x-cert-verify"', '"x-cert-verify" "x-cert-presented"'),
    ],
    ['a component twice', (member: string) => member.replace('"x-cert-verify"', '"x-cert-verify" "x-cert-verify"')],
    ['a component with a parameter', (member: string) => member.replace('"x-cert-verify"', '"x-cert-verify";bs')],
    ['a component of the related request', (member: string) => member.replace('"@path"', '"@path";req')],
    ['a component in upper case', (member: string) => member.replace('"x-cert-verify"', '"X-Cert-Verify"')],
    ['a component outside the profile', (member: string) => member.replace('("', '("accept" "')],
    ['another tag', (member: string) => member.replace('tag="countersign"', 'tag="other"')],
    ['no tag', (member: string) => member.replace(';tag="countersign"', '')],
    ['no nonce', (member: string) => member.replace(/;nonce="[^"]*"/, '')],
    ['a short nonce', (member: string) => member.replace(/nonce="[^"]*"/, 'nonce="AA"')],
    ['no created', (member: string) => member.replace(/;created=\d+/, '')],
    ['no expires', (member: string) => member.replace(/;expires=\d+/, '')],
    ['the parameters in another order', (member: string) => member.replace(/(;created=\d+)(;expires=\d+)/, '$2$1')],
    ['an additional parameter', (member: string) => `${member};x=1`],
    ['a parameter twice', (member: string) => member.replace(/(;created=\d+)/, '$1$1')],
    ['a fraction of a second', (member: string) => member.replace(/created=(\d+)/, 'created=$1.5')],
    ['no list', () => 'x'],
    ['an empty list', (member: string) => member.replace(/\(.*\)/, '()')],
    ['100,000 characters', (member: string) => member.replace('("', `(${'"x" '.repeat(2500)}"`)],
  ])('is refused with %s', async (_what, input) => {
    expect(await rewritten(input)).toMatchObject(refused)
  })

  it('is refused under another label', async () => {
    const signed = chain.sign(request)
    const relabelled = ['signature', 'signature-input'].reduce(
      (changed, name) => withHeader(changed, name, headerOf(changed, name)?.replace('countersign=', 'sig1=')),
      signed,
    )
    expect(await chain.around(relabelled)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_MISSING' })
  })

  it('is accepted next to signatures under other labels', async () => {
    const signed = chain.sign(request)
    const together = withHeader(
      withHeader(
        signed,
        'signature-input',
        `sig1=("@method");tag="a, countersign=b", ${headerOf(signed, 'signature-input')}`,
      ),
      'signature',
      `sig1=:AAAA:, ${headerOf(signed, 'signature')}`,
    )
    expect(await chain.around(together)).toMatchObject({ status: 200 })
  })

  it.each([
    ':AAAA:',
    '::',
    ':!!!!:',
    'AAAA',
    `:${'A'.repeat(10_000)}:`,
    ':AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:',
  ])('is refused with the bytes %s', async (bytes) => {
    const signed = withHeader(chain.sign(request), 'signature', `countersign=${bytes}`)
    expect(await chain.around(signed)).toMatchObject(refused)
  })
})
