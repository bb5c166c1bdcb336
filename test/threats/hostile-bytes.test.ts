import { sendRaw } from '@countersign/test-support/raw-http'
import { formatRequest, type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

/** Each text with its first characters for the test's name. */
const labelled = (texts: string[]) => texts.map((text) => [text.slice(0, 40), text] as const)

describeThreat('hostile bytes directly to the origin', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  // After each attack the origin must still accept a good request.
  afterEach(async () => {
    expect(await chain.around(chain.sign(request))).toMatchObject({ status: 200 })
  })

  const malformed = { status: 400, code: 'CSN_HEADERS_MALFORMED' }

  it.each([
    ['UTF-8', 'CN=Zo\xc3\xab'],
    ['latin1', 'CN=Zo\xeb'],
    ['overlong UTF-8', 'CN=\xc0\xafalice'],
    ['a tab', 'CN=a\tb'],
    ['bytes above ASCII alone', '\xff\xfe'],
  ])('in a certificate header are refused: %s', async (_what, value) => {
    expect(await chain.around(withHeader(request, 'x-cert-subject-dn-2253', value))).toMatchObject(malformed)
  })

  it.each([
    ['a NUL', 'CN=a\0b'],
    ['a lone CR', 'CN=a\rb'],
    ['a folded line', 'CN=a\r\n b'],
  ])('that HTTP does not allow are refused: %s', async (_what, value) => {
    expect((await chain.around(withHeader(request, 'x-cert-subject-dn-2253', value))).status).toBe(400)
  })

  it('of 100 kB in a header are refused', async () => {
    expect((await chain.around(withHeader(request, 'x-cert-subject-dn', 'A'.repeat(100_000)))).status).toBe(431)
  })

  it.each(
    labelled([
      'CN',
      '=',
      'CN=a,',
      ',CN=a',
      'CN=a\\',
      'CN=a\\g',
      'CN="a',
      'CN=#zz',
      'CN=#0C05',
      'CN=\\C3',
      'CN=\\C0\\AF',
      `${'CN=a+'.repeat(2000)}CN=a,`,
      `CN=${'\\'.repeat(8001)}`,
      `CN="${'\\"'.repeat(4000)}`,
      '='.repeat(9000),
      `CN=#${'0C'.repeat(4000)}`,
    ]),
  )('as a malformed name are refused: %s', async (_label, name) => {
    const { alice } = chain.edge.clients
    const bare = withHeader(await chain.capture('/me', { client: alice }), 'client-cert', undefined)
    expect(await chain.around(chain.sign(withHeader(bare, 'x-cert-subject-dn-2253', name)))).toMatchObject(malformed)
  })

  it.each([
    ['x-cert-notaf', 'tomorrow'],
    ['x-cert-notaf', 'Feb 30 00:00:00 2030 GMT'],
    ['x-cert-notbe', 'undefined'],
    ['x-cert-serial', 'xyz'],
    ['x-cert-serial', '--01'],
    ['x-cert-finger-256', 'ab'],
    ['x-cert-finger', 'g'.repeat(40)],
    ['x-cert-ski', 'A:B'],
    ['x-cert-finger-256', undefined],
    ['x-cert-serial', undefined],
    ['x-cert-notaf', undefined],
  ])('as %s: %s are refused', async (name, value) => {
    const bare = withHeader(request, 'client-cert', undefined)
    expect(await chain.around(chain.sign(withHeader(bare, name, value)))).toMatchObject(malformed)
  })

  it.each(
    labelled([
      'GET /me HTTP/1.1\r\n\r\n',
      'GET /me HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
      'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET /me HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
      'NONSENSE\r\n\r\n',
      '\x16\x03\x01\x02\x00',
      `GET /${'a/'.repeat(4000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    ]),
  )('as a request are refused: %j', async (_label, bytes) => {
    expect((await sendRaw(chain.originPort, bytes)).status).toBeGreaterThanOrEqual(400)
  })

  it('in Connection: cannot remove certificate headers from the signature', async () => {
    const listed = `${formatRequest(request).replace('Connection: close', 'Connection: close, x-cert-verify, x-cert-revoked')}`
    expect(await sendRaw(chain.originPort, listed)).toMatchObject({ status: 200 })
  })
})
