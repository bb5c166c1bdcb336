// The oracle is the first sight of a certificate, which Node reads too, and whose headers are compared with it.
import { X509Certificate } from 'node:crypto'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { der, derName } from '@countersign/test-support/write-der'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { parseClientCert } from '../../packages/origin-plugin/src/certificate/parse-client-cert.ts'
import { type ParsedCert, shareableCert } from '../../packages/origin-plugin/src/certificate/shareable-cert.ts'
import { isCountersignError } from '../../packages/origin-plugin/src/errors.ts'
import { createDigestSet } from '../../packages/origin-plugin/src/facts/digest-set.ts'
import { RequestFacts } from '../../packages/origin-plugin/src/facts/facts.ts'
import type { EdgeFields } from '../../packages/origin-plugin/src/read-headers.ts'
import {
  certificateLines,
  edgeFieldsOf,
  fieldsFrom,
  rfc9440Lines,
} from '../../packages/origin-plugin/test/support/header-lines.ts'
import { readVectors } from '../suites/agreement.ts'
import { anyText } from './arbitraries.ts'
import { fuzz } from './fuzz.ts'
import { unsignedCertificate } from './unsigned-certificate.ts'

/** Everything that a caller can see of a certificate. */
function visible(parsed: ParsedCert) {
  const cert = shareableCert(parsed, undefined)
  const properties = Object.entries(Object.getOwnPropertyDescriptors(cert)).map(([name, { value, get, ...flags }]) => {
    const read = cert[name as keyof typeof cert]
    return {
      name,
      flags,
      isAccessor: get !== undefined,
      read: read instanceof X509Certificate ? String(read) : read,
      frozen: Object.isFrozen(value),
    }
  })
  const { whole, notBefore, notAfter } = parsed
  const { subjectAltNames = {}, extendedKeyUsage, subject, issuer } = cert
  const frozen = [cert, subjectAltNames, ...Object.values(subjectAltNames), extendedKeyUsage, cert.raw, subject, issuer]
  return {
    cert,
    properties,
    json: JSON.stringify(cert),
    frozen: frozen.map(Object.isFrozen),
    names: [String(subject), String(issuer), subject.rdns, issuer.rdns],
    times: [notBefore, notAfter],
    whole: whole && [whole().der, whole().x509.raw, whole().x509.fingerprint256],
  }
}

function parse(fields: EdgeFields, facts: RequestFacts) {
  try {
    return visible(parseClientCert(fields, facts))
  } catch (refusal) {
    if (!isCountersignError(refusal)) throw refusal
    return { code: refusal.code, reason: refusal.reason }
  }
}

/** Parses headers twice, the second time with the facts of the first, and returns whether they can be parsed. */
function expectSame(fields: EdgeFields): boolean {
  const set = createDigestSet(8)
  const first = new RequestFacts(set)
  const unknown = parse(fields, first)
  first.learn()
  const noted: string[] = []
  const second = new RequestFacts(set)
  second.note = (fact) => noted.push(fact)
  const known = parse(fields, second)
  expect(known).toStrictEqual(unknown)
  // Nothing is verified again.
  expect(noted).toEqual([])
  return 'cert' in known
}

/** The headers of a certificate from each source that sends it; none if Node cannot read it. */
function headersOf(bytes: Uint8Array, issuer?: X509Certificate): EdgeFields[] {
  let cert: X509Certificate
  try {
    cert = new X509Certificate(bytes)
  } catch {
    return [fieldsFrom('rfc9440', [['client-cert', `:${Buffer.from(bytes).toString('base64')}:`]])]
  }
  const issued = { cert, issuer: issuer ?? cert, pem: '' }
  const whole = fieldsFrom('rfc9440', rfc9440Lines(issued))
  let lines: HeaderLine[]
  try {
    lines = certificateLines(issued)
  } catch (error) {
    // The names cannot be read.
    if (error instanceof SyntaxError) return [whole]
    throw error
  }
  return [whole, edgeFieldsOf(lines)]
}

const text = fc.oneof(
  anyText.map((value) => der(0x0c, Buffer.from(value))),
  fc.constant(der(0x13, 'Acme')),
  fc.constant(der(0x30, der(0x04))),
)
const name = fc
  .array(
    fc.array(fc.tuple(fc.constantFrom('550403', '55040a', '550405', '2a0304'), text), { minLength: 1, maxLength: 2 }),
    { maxLength: 3 },
  )
  .map((rdns) => derName(...rdns.map((rdn) => rdn.map(([oid, value]) => [oid, value] as const))))
const time = fc.constantFrom(
  der(0x17, '260101000000Z'),
  der(0x17, '490101000000Z'),
  der(0x18, '20500101000000Z'),
  der(0x18, '19490101000000Z'),
  // Forms that RFC 5280 forbids and Node reads.
  der(0x18, '20260101000000Z'),
  der(0x17, '260101000000+0100'),
)
const generalName = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(0x81, 0x82, 0x86),
      fc.constantFrom('a@b.example', 'pay.example', 'spiffe://a.example/ns', 'ä'),
    )
    .map(([tag, value]) => der(tag, value)),
  fc.uint8Array({ maxLength: 17 }).map((bytes) => der(0x87, bytes)),
  fc.uint8Array({ maxLength: 5 }).map((bytes) => der(0xa0, bytes)),
  name.map((value) => der(0xa4, value)),
)
const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 })
const keyId = fc.constantFrom(Buffer.alloc(20, 7), Buffer.alloc(1, 1))
const extensions = fc.record(
  {
    '551d11': fc.array(generalName, { minLength: 1, maxLength: 4 }).map((names) => der(0x30, ...names)),
    '551d25': fc
      .constantFrom('2b06010505070302', '551d2500', '80')
      .map((oid) => der(0x30, der(0x06, Buffer.from(oid, 'hex')))),
    '551d0e': fc.oneof(
      keyId.map((id) => der(0x04, id)),
      bytes,
    ),
    '551d23': fc.oneof(
      keyId.map((id) => der(0x30, der(0x80, id))),
      bytes,
    ),
    '551d13': fc.constantFrom(der(0x30), der(0x30, der(0x01, '\xff')), der(0x05)),
  },
  { requiredKeys: [] },
)
const certificate = fc
  .record({
    serialNumber: bytes.map((rest) => Buffer.of(0x40, ...rest)),
    validity: fc.tuple(time, time).map((times) => der(0x30, ...times)),
    subject: name,
    issuer: name,
    extensions,
  })
  .map(unsignedCertificate)
const damaged = fc.tuple(certificate, fc.nat({ max: 10_000 }), fc.nat({ max: 7 })).map(([whole, at, bit]) => {
  const copy = Buffer.from(whole)
  copy[at % copy.length] = (copy[at % copy.length] as number) ^ (1 << bit)
  return copy
})

/** Texts that could be the end of one line and the beginning of the next. */
const headerValue = fc
  .array(fc.constantFrom('a', ': ', ':', ' ', 'x-cert-ski: ', 'x-cert-ski', '\n"x-cert-ski": ', '\n', ','), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join(''))
const headers = fc
  .dictionary(
    fc.constantFrom('x-cert-serial', 'x-cert-issuer-ski', 'x-cert-ski', 'client-cert', 'x-cert-a', 'x-cert-a-b'),
    headerValue,
    { minKeys: 1, maxKeys: 3 },
  )
  .map((all) => Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1)))

describe('the text of certificate headers, and its fact', () => {
  it('tells a header from the end of the value in front of it', () => {
    const textOf = (...lines: HeaderLine[]) => edgeFieldsOf(lines).certificateLines
    expect(textOf(['x-cert-serial', 'a'], ['x-cert-ski', 'b'])).toBe('"x-cert-serial": a\n"x-cert-ski": b\n')
    expect(textOf(['x-cert-serial', 'ax-cert-ski: b'])).toBe('"x-cert-serial": ax-cert-ski: b\n')
  })

  it('are the same for the same headers alone, whatever their values are', () =>
    fuzz(
      fc.property(headers, headers, (some, others) => {
        const [one, two] = [edgeFieldsOf(some).linesFact, edgeFieldsOf(others).linesFact]
        expect(one === two).toBe(JSON.stringify(some) === JSON.stringify(others))
        const chained = edgeFieldsOf([...some, ['client-cert-chain', ':AAAA:'], ['cf-access-jwt-assertion', 'a.b.c']])
        expect(chained.linesFact).toBe(one)
        expect(chained.certificateLines).toContain('"client-cert-chain": :AAAA:\n')
      }),
    ))
})

describe('a certificate that is known', () => {
  it('is the same as at its first sight, with random names, times and extensions, and damaged', async () => {
    let parsed = 0
    await fuzz(
      fc.property(fc.oneof({ weight: 3, arbitrary: certificate }, { weight: 1, arbitrary: damaged }), (whole) => {
        for (const fields of headersOf(whole)) if (expectSame(fields)) parsed += 1
      }),
      0.2,
    )
    expect(parsed).toBeGreaterThan(100)
  })

  it('is the same for the certificates of PKITS', () => {
    const { certificates } = readVectors<{ certificates: Readonly<Record<string, string>> }>('pkits-revocation')
    const all = Object.values(certificates).map((base64) => new X509Certificate(Buffer.from(base64, 'base64')))
    const parsed = all.map((cert) => {
      const issuer = all.find((each) => each.subject === cert.issuer)
      return headersOf(cert.raw, issuer).map(expectSame)
    })
    expect(parsed).toEqual(all.map(() => [true, true]))
  })

  it('is not known of headers that were refused', () => {
    const { certificates } = readVectors<{ certificates: Readonly<Record<string, string>> }>('pkits-revocation')
    const [base64 = ''] = Object.values(certificates)
    const cert = new X509Certificate(Buffer.from(base64, 'base64'))
    const set = createDigestSet(8)
    const facts = new RequestFacts(set)
    const noted = vi.spyOn(facts, 'note')
    const fields = edgeFieldsOf(certificateLines({ cert, issuer: cert, pem: '' }, { 'x-cert-serial': '0A1B' }))
    expect(parse(fields, facts)).toMatchObject({ code: 'CSN_CERT_MISMATCH' })
    expect(noted).not.toHaveBeenCalled()
  })
})
