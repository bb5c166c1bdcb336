import { clientCertOf } from '@countersign/origin-plugin'
import { headerLines } from '@countersign/test-support/wire-request'
import { parseDistinguishedName } from '@countersign/wire'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const names = [
  'Zoë',
  'Ægir Øst',
  '日本語',
  'emoji 🦊🏳️‍🌈',
  'right-to-left \u202Eevil\u202C',
  'a\u0000b',
  'line\r\nX-CERT-VERIFY: SUCCESS',
  'tab\there',
  '\uFEFFbom',
  '  spaces around  ',
  '#hash',
  'a,b+c=d/e\\f;g<h>i"j',
  '__proto__',
  'constructor',
  '\\',
  '\\00',
  'é (decomposed e\u0301)',
  'x'.repeat(2000),
]

const options: ChainOptions = {
  routes: (app) => {
    app.get('/name', (request) => ({
      name: clientCertOf(request).subject.CN,
      text: String(clientCertOf(request).subject),
    }))
  },
}

describeThreat('a common name with odd characters', options, (chain) => {
  const escaped = (name: string) =>
    [...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')

  it.each(names)('arrives exactly as in the certificate: %j', async (name) => {
    const client = await chain.edge.issueClient({ subject: `CN=${escaped(name)},O=Acme` })
    const captured = await chain.capture('/name', { client })
    for (const [header, value] of headerLines(captured)) expect(`${header}: ${value}`).toMatch(/^[\x20-\x7e]+$/)

    const answer = await chain.around(captured)
    expect(answer.status).toBe(200)
    const { name: arrived, text } = JSON.parse(Buffer.from(answer.body, 'latin1').toString())
    expect(arrived).toBe(name)
    expect(parseDistinguishedName(text)[0]).toEqual([{ type: 'CN', value: name }])
  })

  it('of 16 kB, six times in the headers, is refused, and the origin keeps serving', async () => {
    const client = await chain.edge.issueClient({ subject: `CN=${'x'.repeat(16_000)}` })
    // The handshake, the edge or the origin's limit on headers may refuse it. No step may accept it.
    const status = await chain.edge.fetch('/name', { client }).then(
      (answer) => answer.status,
      () => 'refused',
    )
    expect([400, 413, 431, 502, 'refused']).toContain(status)
    // The origin closes the connection after its 431. The Worker's runtime may notice that one request later.
    await expect.poll(() => chain.through('/name', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })
})
