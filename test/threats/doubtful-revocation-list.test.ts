import countersign, { type RevocationOptions } from '@countersign/origin-plugin'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import Fastify, { type FastifyInstance } from 'fastify'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { EDGE_KEY, injectSigned } from '../../packages/origin-plugin/test/support/inject-signed.ts'
import { entry, writeCrl } from '../../packages/origin-plugin/test/support/write-crl.ts'

/** The serial number of the client in {@link injectSigned}, which sends no `Client-Cert`. */
const SERIAL = '0a1b'
const DAY = 86_400_000

let ca: TestCa
let namesake: TestCa
beforeAll(async () => {
  // Without a key identifier, which the client's request does not have either.
  const issue = async () => (await createCa()).issueCa({ subject: 'CN=Acme Issuing CA,O=Acme', bare: true })
  ;[ca, namesake] = [await issue(), await issue()]
})

/** A list with these serial numbers. Its times count from now. */
function list(serials: readonly string[], from = -1000, to = DAY, signer = ca): Buffer {
  const time = (offset: number) => {
    const [text = ''] = new Date(Date.now() + offset).toISOString().replace(/[-:T]/g, '').split('.')
    return der(0x18, `${text}Z`)
  }
  return writeCrl(signer, { thisUpdate: time(from), nextUpdate: time(to), entries: serials.map((each) => entry(each)) })
}

interface Origin {
  readonly app: FastifyInstance
  readonly log: string[]
  /** The status of the client's next request, and the code of a refusal. */
  answer(): Promise<string>
}

/** An origin whose list comes from a function. It is loaded every second. */
async function startOrigin(crl: RevocationOptions['crl'], onStale?: 'accept'): Promise<Origin> {
  const log: string[] = []
  const app = Fastify({ logger: { level: 'info', stream: { write: (line: string) => void log.push(line) } } })
  onTestFinished(() => app.close())
  const revocation = { crl, refresh: 1, ...(onStale && { onStale }) }
  const trustedIssuers = [{ ca: ca.pem, byName: true, revocation }]
  await app.register(countersign, { edge: { keys: EDGE_KEY.jwk, hosts: null }, access: null, trustedIssuers })
  app.get('/me', () => 'me')
  await app.ready()
  return {
    app,
    log,
    async answer() {
      const { statusCode, body } = await injectSigned(app, '/me')
      return statusCode === 200 ? '200' : `${statusCode} ${JSON.parse(body).code}`
    },
  }
}

const REVOKED = '403 CSN_CERT_REVOKED'
const eventually = (check: () => unknown) => expect.poll(check, { timeout: 15_000, interval: 100 })

describe('a revocation list in doubt', () => {
  it.each([
    ['negative', 'f5e5'],
    ['padded with a zero byte', '000a1b'],
    ['empty', ''],
  ])(
    'does not let a revoked client in whose serial number is %s there: the origin does not start',
    async (_what, serial) => {
      await expect(startOrigin(async () => list([serial]))).rejects.toThrow('the serial number of an entry')
    },
  )

  it('does not replace a good list by one whose numbers can match nothing', async () => {
    let current = list([SERIAL])
    const origin = await startOrigin(async () => current)
    expect(await origin.answer()).toBe(REVOKED)
    current = list(['000a1b'], 0)
    await eventually(() => origin.log.join('\n')).toContain(
      'the serial number of an entry begins with extra zero bytes',
    )
    expect(await origin.answer()).toBe(REVOKED)
  })

  it('does not replace a good list by one that another key signed, of a CA with the same name', async () => {
    let current = list([SERIAL])
    const origin = await startOrigin(async () => current)
    current = list([], 0, DAY, namesake)
    await eventually(() => origin.log.join('\n')).toContain('the signature does not verify with the key of this CA')
    expect(await origin.answer()).toBe(REVOKED)
  })

  it('pins nothing with a date in the future', async () => {
    let current = list([])
    const origin = await startOrigin(async () => current)
    expect(await origin.answer()).toBe('200')
    current = list([], 60 * 365 * DAY, 61 * 365 * DAY)
    await eventually(() => origin.log.join('\n')).toContain('the list is from the future')
    current = list([SERIAL], 0)
    await eventually(origin.answer).toBe(REVOKED)
    expect(origin.log.join('\n')).toContain('countersign: recovered')
  })

  it('keeps its certificates revoked after a restart, also if it is out of date and onStale is accept', async () => {
    const origin = await startOrigin(async () => list([SERIAL], -7 * DAY, -DAY), 'accept')
    expect(await origin.answer()).toBe(REVOKED)
    expect(origin.log.join('\n')).toContain('the list is out of date since')
  })

  it('does not hold up the start with a source that hangs, if onStale is accept', async () => {
    const origin = await startOrigin(() => new Promise<never>(() => {}), 'accept')
    expect(await origin.answer()).toBe('200')
    expect(origin.log.join('\n')).toContain(
      'it is not loaded after 8 s; requests pass unchecked until the list is loaded',
    )
  })
})
