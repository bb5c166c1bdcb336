import { X509Certificate } from 'node:crypto'
import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Settings } from '../../packages/origin-plugin/src/options.ts'
import { entry, extension, writeCrl } from '../../packages/origin-plugin/test/support/write-crl.ts'
import { expectAgreement, readVectors } from './agreement.ts'
import { admits, startOrigin } from './try-revocation.ts'

interface PkitsCase {
  /** The section of the test. */
  readonly id: string
  readonly certificate: string
  readonly issuer: string
  readonly lists: readonly string[]
  readonly valid: boolean
}

const pkits = readVectors<{
  readonly tests: readonly PkitsCase[]
  readonly certificates: Readonly<Record<string, string>>
  readonly lists: Readonly<Record<string, string>>
}>('pkits-revocation')

const certificateOf = (name: string) => new X509Certificate(Buffer.from(pkits.certificates[name] ?? '', 'base64'))
const pemOf = (name: string) => `-----BEGIN X509 CRL-----\n${pkits.lists[name]}\n-----END X509 CRL-----\n`

/** One origin for each issuer, which several tests share. */
const origins = new Map<string, Promise<Settings | undefined>>()

async function decide({ certificate, issuer, lists }: PkitsCase): Promise<boolean> {
  const ca = certificateOf(issuer)
  const crl = Buffer.from(lists.map(pemOf).join(''))
  const starting = origins.get(issuer) ?? startOrigin([{ ca, crl }])
  origins.set(issuer, starting)
  const origin = await starting
  return origin !== undefined && admits(origin, { cert: certificateOf(certificate), issuer: ca })
}

const OTHER_KEY = "another key than the issuer's signs the list, and an origin reads only the issuer's own list"
const REASONS = 'the lists contain some reasons each, and an origin reads complete lists alone'
const POINT =
  'an origin compares whole names of distribution points, and the certificate or the list has a relative one'
const CA_LIST = 'the list contains only CA certificates, so an origin does not start with it'
const INDIRECT = 'the list contains certificates of several CAs'
const DELTA = 'the second list is a delta list, which an origin does not read'

describe('revocation, in the tests of NIST (PKITS, sections 4.4, 4.7, 4.14 and 4.15)', () => {
  it('decides as the tests do, except for lists that an origin does not read', { timeout: 120_000 }, async () => {
    await expectAgreement(pkits.tests, decide, ({ valid }) => valid, {
      '4.4.14': 'the list contains a negative serial number, so it is refused',
      '4.4.19': OTHER_KEY,
      '4.14.4': POINT,
      '4.14.5': POINT,
      '4.14.7': POINT,
      '4.14.13': CA_LIST,
      '4.14.18': REASONS,
      '4.14.19': REASONS,
      '4.14.22': INDIRECT,
      '4.14.24': INDIRECT,
      '4.15.4': DELTA,
      '4.15.5': DELTA,
    })
  })
})

const CRL_NUMBER = '551d14'
const number = (options?: { critical: boolean }) => extension(CRL_NUMBER, der(0x02, '\x01'), options)
const SERIAL = '1001'
const FAR = { thisUpdate: der(0x17, '250101000000Z'), nextUpdate: der(0x17, '490101000000Z') }

/** The cases of x509-limbo (crl::…), made by ourselves. */
describe('revocation, in the cases of x509-limbo', () => {
  let root: TestCa
  let other: TestCa
  beforeAll(async () => {
    root = await createCa('CN=Root')
    other = await createCa('CN=Other')
  })

  const issuingCa = (usage?: number) =>
    root.issueCa({
      subject: 'CN=Issuing',
      extensions: usage === undefined ? [] : [new x509.KeyUsagesExtension(usage, true)],
    })

  interface LimboCase {
    readonly id: string
    readonly admitted: boolean
    readonly usage?: number
    readonly serials?: readonly string[]
    readonly extensions?: readonly Uint8Array[]
    /** Serial numbers on the list of another trusted CA. */
    readonly others?: readonly string[]
  }

  const { cRLSign, keyCertSign } = x509.KeyUsageFlags
  const CASES: readonly LimboCase[] = [
    { id: 'revoked-certificate-with-crl', admitted: false, serials: [SERIAL] },
    { id: 'certificate-not-on-crl', admitted: true, serials: ['1002'] },
    { id: 'certificate-serial-on-crl-different-issuer', admitted: true, others: [SERIAL] },
    { id: 'crlnumber-missing', admitted: false, extensions: [] },
    { id: 'crlnumber-critical', admitted: false, extensions: [number({ critical: true })] },
    { id: 'issuer-missing-crlsign', admitted: false, usage: keyCertSign },
    { id: 'issuer-no-keyusage-extension', admitted: true },
    { id: 'issuer-valid-crlsign-and-keycertsign', admitted: true, usage: cRLSign | keyCertSign },
  ]

  async function decideLimbo({ usage, serials = [], extensions = [number()], others }: LimboCase): Promise<boolean> {
    const ca = await issuingCa(usage)
    const cert = await ca.issue({ serialNumber: SERIAL })
    expect(cert.cert.serialNumber).toBe(SERIAL)
    const crl = writeCrl(ca, { ...FAR, entries: serials.map((serial) => entry(serial)), extensions })
    const listed = others && writeCrl(other, { ...FAR, entries: others.map((serial) => entry(serial)), extensions })
    const issuers = [{ ca: ca.cert, crl }, ...(listed ? [{ ca: other.cert, crl: listed }] : [])]
    const origin = await startOrigin(issuers)
    return origin !== undefined && admits(origin, cert)
  }

  it('decides as they do, except for the number of the list', { timeout: 60_000 }, async () => {
    await expectAgreement(CASES, decideLimbo, ({ admitted }) => admitted, {
      'crlnumber-missing': 'lists without a number are in use, and their dates order them',
      'crlnumber-critical': 'a critical number is understood, so it does no harm',
    })
  })
})
