// Node's X509Certificate is the oracle: an origin that has seen a certificate before does without it.
import { X509Certificate } from 'node:crypto'
import { der } from '@countersign/test-support/write-der'
import { formatCertificateDate } from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCertificateParts, type Validity } from '../../packages/origin-plugin/src/x509/certificate-parts.ts'
import { computeFingerprint } from '../../packages/origin-plugin/src/x509/fingerprint.ts'
import { edited } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'
import { unsignedCertificate } from './unsigned-certificate.ts'

const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

const serialNumber = fc
  .tuple(fc.constantFrom('', '00', 'ff', '7f', '80', '0000', 'ffff', 'ff00'), fc.uint8Array({ maxLength: 22 }))
  .map(([head, rest]) => Buffer.concat([Buffer.from(head, 'hex'), rest]))

/** All times to the second that have an encoding. */
const seconds = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\D/g, '').slice(0, 14))
const lastYears = fc
  .date({ min: new Date('1950-01-01T00:00:00Z'), max: new Date('2049-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\D/g, '').slice(2, 14))
const wellFormed = fc.oneof(
  lastYears.map((digits) => der(UTC_TIME, `${digits}Z`)),
  seconds.map((digits) => der(GENERALIZED_TIME, `${digits}Z`)),
)

/** The pieces of times that RFC 5280 forbids and OpenSSL reads, and of times that are none. */
const piece = fc.constantFrom(...'0123456789Z+-. \0', '00', '29', '30', '31', '60', '+0100', '.5')
const anyTime = fc.oneof(
  { weight: 2, arbitrary: wellFormed },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(UTC_TIME, UTC_TIME, GENERALIZED_TIME, GENERALIZED_TIME, 0x0c),
        edited(
          fc.oneof(lastYears, seconds).map((digits) => `${digits}Z`),
          piece,
        ),
      )
      .map(([tag, text]) => der(tag, text)),
  },
)

function nodeOf(bytes: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}

/** The validity that Node prints. */
function printed({ notBefore, notAfter }: Validity): Partial<X509Certificate> {
  return {
    validFrom: formatCertificateDate(notBefore),
    validFromDate: new Date(notBefore),
    validTo: formatCertificateDate(notAfter),
    validToDate: new Date(notAfter),
  }
}

const pick = ({ validFrom, validFromDate, validTo, validToDate }: X509Certificate) => ({
  validFrom,
  validFromDate,
  validTo,
  validToDate,
})

describe('the fields of a random certificate', () => {
  it('are those of Node, for every serial number and time in the form of RFC 5280', () =>
    fuzz(
      fc.property(serialNumber, wellFormed, wellFormed, (serial, notBefore, notAfter) => {
        const bytes = unsignedCertificate({ serialNumber: serial, validity: der(0x30, notBefore, notAfter) })
        const x509 = nodeOf(bytes)
        if (!x509) {
          expect(() => readCertificateParts(bytes)).toThrow(SyntaxError)
          return
        }
        const { serialNumber, validity } = readCertificateParts(bytes)
        expect(serialNumber).toBe(x509.serialNumber)
        expect(validity && printed(validity)).toEqual(pick(x509))
        expect(computeFingerprint(bytes, 'sha1')).toBe(x509.fingerprint)
        expect(computeFingerprint(bytes, 'sha256')).toBe(x509.fingerprint256)
      }),
    ))

  it('are those of Node or missing, for every other time', () =>
    fuzz(
      fc.property(anyTime, anyTime, (notBefore, notAfter) => {
        const bytes = unsignedCertificate({ validity: der(0x30, notBefore, notAfter) })
        const { validity } = readCertificateParts(bytes)
        const x509 = nodeOf(bytes)
        if (validity && x509) expect(printed(validity)).toEqual(pick(x509))
      }),
    ))
})
