import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificateParts } from '../certificate-parts.ts'
import { DerCursor } from '../der-cursor.ts'
import {
  describeGeneralNames,
  generalNameOfUrl,
  MAX_NAMES,
  readDistributionPointName,
  readDistributionPoints,
} from './distribution-points.ts'

const ONE = 'http://ca.example/1.crl'
const TWO = 'http://ca.example/2.crl'
const uri = (url: string) => der(0x86, url)
const fullName = (...names: Buffer[]) => der(0xa0, der(0xa0, ...names))
const point = (...parts: Buffer[]) => der(0x30, ...parts)

/** The parts of a certificate with only this extension. */
const certificate = (...points: Buffer[]) => ({
  extensions: new Map([['2.5.29.31', { critical: false, value: der(0x30, ...points) }]]),
})

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

describe('readDistributionPoints', () => {
  it('reads the points of a certificate that a library wrote', async () => {
    const { cert } = await ca.issue({ extensions: [new x509.CRLDistributionPointsExtension([ONE, TWO])] })
    expect(readDistributionPoints(readCertificateParts(cert.raw))).toEqual([
      generalNameOfUrl(ONE),
      generalNameOfUrl(TWO),
    ])
  })

  it('finds none in a certificate without the extension', () => {
    expect(readDistributionPoints(readCertificateParts(ca.cert.raw))).toEqual([])
  })

  it('reads all names of a point', () => {
    expect(readDistributionPoints(certificate(point(fullName(uri(ONE), uri(TWO)))))).toEqual([
      generalNameOfUrl(ONE),
      generalNameOfUrl(TWO),
    ])
  })

  it.each([
    ['some reasons', point(fullName(uri(ONE)), der(0x81, '\0\x40'))],
    ['another CA', point(fullName(uri(ONE)), der(0xa2, uri(TWO)))],
    ['no name', point(der(0xa2, uri(TWO)))],
    ['a name relative to the CA', point(der(0xa0, der(0xa1, '')))],
    ['nothing', point()],
  ])('skips a point with %s', (_what, skipped) => {
    expect(readDistributionPoints(certificate(skipped))).toEqual([])
    expect(readDistributionPoints(certificate(skipped, point(fullName(uri(TWO)))))).toEqual([generalNameOfUrl(TWO)])
  })

  it('limits the number of names', () => {
    const many = (count: number) => Array.from({ length: count }, () => point(fullName(uri('a'))))
    expect(readDistributionPoints(certificate(...many(MAX_NAMES)))).toHaveLength(100)
    expect(() => readDistributionPoints(certificate(...many(MAX_NAMES + 1)))).toThrow(
      new SyntaxError('a certificate has more than 100 distribution points'),
    )
  })

  it('refuses a point that is not a sequence, and one with an empty name', () => {
    expect(() => readDistributionPoints(certificate(der(0x31)))).toThrow(
      new SyntaxError('a distribution point is not a sequence'),
    )
    expect(() => readDistributionPoints(certificate(point(der(0xa0))))).toThrow(
      new SyntaxError('the name of a distribution point is missing'),
    )
  })
})

describe('readDistributionPointName', () => {
  const read = (...names: Buffer[]) => readDistributionPointName(new DerCursor(der(0xa0, ...names)))

  it('limits the number of names', () => {
    const many = (count: number) => Array.from({ length: count }, () => uri('a'))
    expect(read(...many(MAX_NAMES))).toHaveLength(100)
    expect(() => read(...many(MAX_NAMES + 1))).toThrow(new SyntaxError('a distribution point has more than 100 names'))
  })
})

describe('generalNameOfUrl', () => {
  it.each([1, 0x7f, 0x80, 0xff, 0x100, 0x1234])('writes a URL of %i characters as a library would', (length) => {
    const url = 'x'.repeat(length)
    expect(generalNameOfUrl(url)).toBe(der(0x86, url).toString('hex'))
  })
})

describe('describeGeneralNames', () => {
  it('lists the URLs, without characters that a log could misread', () => {
    expect(describeGeneralNames([generalNameOfUrl(ONE), '820161', generalNameOfUrl(TWO)])).toBe(`${ONE} or ${TWO}`)
    expect(describeGeneralNames([generalNameOfUrl('a\nb\x7fc~!')])).toBe('a?b?c~!')
    expect(describeGeneralNames(['820161'])).toBe('with another name than a URL')
  })
})
