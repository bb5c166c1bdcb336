// OpenSSL prints and test values decide, not our own formatter: the reader and its oracle must not share a mistake.
import { der, derName } from '@countersign/test-support/write-der'
import { attributeTypeId, parseDistinguishedName, type RelativeDistinguishedName } from '@countersign/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCertificateNames } from '../../packages/origin-plugin/src/x509/certificate-names.ts'
import { fuzz } from './fuzz.ts'
import { printX509, unsignedCertificate } from './unsigned-certificate.ts'

/** An attribute with its encoding in the certificate, and the value that every reader must find. */
interface PutIn {
  readonly oid: string
  readonly encoded: Uint8Array
  readonly value: string | Uint8Array
}
/** A name in the order of the certificate. */
type NamePutIn = readonly (readonly PutIn[])[]

const anyCharacter = fc.string({ unit: 'binary', maxLength: 10 })
/** Characters with a meaning in names, quotes or escapes. */
const special = fc.string({ unit: fc.constantFrom(...' ,;+="#<>\\/=a0\0\n\x7f'), maxLength: 8 })
const latin1 = fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)), maxLength: 10 })
const ascii = fc.string({ unit: fc.nat(0x7f).map((code) => String.fromCharCode(code)), maxLength: 10 })
const printable = fc.string({ unit: fc.constantFrom(..."AZaz09 '()+,-./:=?"), maxLength: 10 })
// OpenSSL rejects surrogate pairs in a BMPString and prints nothing of such a name.
const basicPlane = anyCharacter.map((text) => text.replace(/[\u{10000}-\u{10ffff}]/gu, '\u20ac'))

const latin1Bytes = (text: string) => Buffer.from(text, 'latin1')
const utf32 = (text: string) => {
  const bytes = Buffer.alloc(4 * [...text].length)
  for (const [at, character] of [...text].entries()) bytes.writeUInt32BE(character.codePointAt(0) as number, 4 * at)
  return bytes
}
const strings: readonly [tag: number, text: fc.Arbitrary<string>, encode: (text: string) => Uint8Array][] = [
  [0x0c, fc.oneof(anyCharacter, special), (text) => Buffer.from(text)],
  [0x13, printable, latin1Bytes],
  [0x16, fc.oneof(ascii, special), latin1Bytes],
  [0x14, latin1, latin1Bytes],
  [0x1e, fc.oneof(basicPlane, special), (text) => Buffer.from(text, 'utf16le').swap16()],
  [0x1c, anyCharacter, utf32],
]
const anyString = fc.oneof(
  ...strings.map(([tag, text, encode]) => text.map((value) => ({ value, encoded: der(tag, encode(value)) }))),
)
/** A value that is not a string. The parser returns it as bytes. */
const notString = fc
  .tuple(fc.constantFrom(0x30, 0x03), fc.uint8Array({ maxLength: 6 }))
  .map(([tag, bytes]) => der(tag, tag === 0x03 ? Uint8Array.of(0, ...bytes) : der(0x04, bytes)))
  .map((encoded) => ({ value: Uint8Array.from(encoded), encoded }))

/** Attribute types that both OpenSSL and our table know. */
const KNOWN = [
  ...[3, 4, 5, 6, 9, 10, 11, 12, 19, 21, 23, 24, 25, 26, 27, 45, 46, 51, 54, 65, 72, 97, 98, 99, 100].map(
    (arc) => `2.5.4.${arc}`,
  ),
  ...[1, 3, 25].map((arc) => `0.9.2342.19200300.100.1.${arc}`),
  '1.2.840.113549.1.9.1',
  '1.3.6.1.4.1.311.60.2.1.3',
]
const unknownType = fc
  .tuple(
    fc.constantFrom('0.39', '1.3.6.1.4.1.99999', '2.999', '2.48'),
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 40n }), { minLength: 1, maxLength: 3 }),
  )
  .map(([root, arcs]) => `${root}.${arcs.join('.')}`)
const oid = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...KNOWN) }, unknownType)

const attribute: fc.Arbitrary<PutIn> = fc
  .tuple(oid, fc.oneof({ weight: 12, arbitrary: anyString }, { weight: 1, arbitrary: notString }))
  .map(([oid, value]) => ({ oid, ...value }))
const name: fc.Arbitrary<NamePutIn> = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 4 })

function oidContents(oid: string): string {
  const [first = 0n, second = 0n, ...rest] = oid.split('.').map(BigInt)
  return [first * 40n + second, ...rest].map(base128).join('')
}

function base128(arc: bigint): string {
  let bytes = Number(arc & 0x7fn)
    .toString(16)
    .padStart(2, '0')
  for (let left = arc >> 7n; left > 0n; left >>= 7n) bytes = Number((left & 0x7fn) | 0x80n).toString(16) + bytes
  return bytes
}

const encodeName = (name: NamePutIn) =>
  derName(...name.map((rdn) => rdn.map(({ oid, encoded }) => [oidContents(oid), encoded] as const)))

/** Subject and issuer as OpenSSL prints them, on one line each: it escapes line ends. */
async function print(certificate: Buffer, nameopt: string): Promise<{ subject: string; issuer: string }> {
  const output = await printX509(certificate, '-subject', '-issuer', '-nameopt', nameopt)
  const [, subject, issuer] = /^subject=(.*)\nissuer=(.*)\n$/.exec(output) ?? []
  if (subject === undefined || issuer === undefined) throw new Error(`openssl printed ${JSON.stringify(output)}`)
  return { subject, issuer }
}

/** OpenSSL does not escape a value that is a single `#`. The parser must refuse such a text. */
const holdsNumberSign = (name: NamePutIn, types: readonly string[] = name.flat().map(({ oid }) => oid)) =>
  name.flat().some(({ oid, value }) => value === '#' && types.includes(oid))

/** A name for comparison: the order of RDNs counts, the order within one does not. */
const comparable = (rdns: readonly RelativeDistinguishedName[]) =>
  rdns.map((rdn) =>
    rdn
      .map(({ type, value }) => JSON.stringify([attributeTypeId(type), typeof value === 'string' ? value : [...value]]))
      .sort(),
  )
const parse = (text: string) => comparable(parseDistinguishedName(text))
const putIn = (name: NamePutIn) => comparable(name.map((rdn) => rdn.map(({ oid, value }) => ({ type: oid, value }))))

describe('the names of a random certificate', () => {
  it('are read as they were encoded, from the output of OpenSSL and from the certificate', () =>
    fuzz(
      fc.asyncProperty(name, name, async (subject, issuer) => {
        const cert = unsignedCertificate({ subject: encodeName(subject), issuer: encodeName(issuer) })
        const read = readCertificateNames(cert)
        const [rfc2253, oneline, compat] = await Promise.all([
          print(cert, 'RFC2253'),
          print(cert, 'oneline'),
          print(cert, 'compat'),
        ])
        for (const [which, name] of Object.entries({ subject, issuer }) as ['subject' | 'issuer', NamePutIn][]) {
          const inOrder = putIn(name)
          expect(comparable(read[which].rdns), 'from the certificate').toEqual(inOrder.toReversed())
          // RFC2253 prints the DER of a type without a name, so `#` is correct there.
          if (holdsNumberSign(name, KNOWN)) expect(() => parse(rfc2253[which]), rfc2253[which]).toThrow(SyntaxError)
          else expect(parse(rfc2253[which]), rfc2253[which]).toEqual(inOrder.toReversed())
          if (holdsNumberSign(name)) expect(() => parse(oneline[which]), oneline[which]).toThrow(SyntaxError)
          else expect(parse(oneline[which]), oneline[which]).toEqual(inOrder)
          // This format loses the borders between attributes. The parser must refuse every name but the empty one.
          if (name.length === 0) expect(parse(compat[which])).toEqual([])
          else expect(() => parse(compat[which]), compat[which]).toThrow(SyntaxError)
        }
      }),
      0.1,
    ))
})
