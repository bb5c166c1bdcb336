// OpenSSL prints the purposes, so that our reader of DER does not judge itself.
import { der } from '@countersign/test-support/write-der'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCertificateParts } from '../../packages/origin-plugin/src/x509/certificate-parts.ts'
import { readExtendedKeyUsage } from '../../packages/origin-plugin/src/x509/extensions/extended-key-usage.ts'
import { fuzz } from './fuzz.ts'
import { printX509, unsignedCertificate } from './unsigned-certificate.ts'

/** The purposes by the names that OpenSSL prints. It prints all others by OID, except for those that it knows too. */
const PRINTED: Readonly<Record<string, string>> = {
  'TLS Web Server Authentication': 'serverAuth',
  'TLS Web Client Authentication': 'clientAuth',
  'Code Signing': 'codeSigning',
  'E-mail Protection': 'emailProtection',
  'Time Stamping': 'timeStamping',
  'OCSP Signing': 'OCSPSigning',
  'Any Extended Key Usage': 'anyExtendedKeyUsage',
}
const KNOWN = ['2b06010505070301', '2b06010505070302', '2b06010505070303', '2b06010505070304'].concat([
  '2b06010505070308',
  '2b06010505070309',
  '551d2500',
])

/** Contents of an OID: arcs that no registry has, well-formed or padded, cut off or empty. */
const contents = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KNOWN) },
  { weight: 2, arbitrary: fc.stringMatching(/^2b0601040183bf(?:[1-7][0-9a-f]){1,4}$/) },
  { weight: 1, arbitrary: fc.constantFrom('', '2b80010505070302', '2b060105050783', '8037', '2b06010505070382') },
)
const purpose = fc.oneof(
  { weight: 12, arbitrary: contents.map((hex) => der(0x06, Buffer.from(hex, 'hex'))) },
  { weight: 1, arbitrary: fc.constantFrom(der(0x0c, 'clientAuth'), der(0x05), der(0x30)) },
)
const extension = fc
  .tuple(fc.array(purpose, { maxLength: 4 }), fc.constantFrom(0x30, 0x30, 0x30, 0x30, 0x30, 0x31))
  .map(([purposes, tag]) => der(tag, ...purposes))

const EXTENDED_KEY_USAGE = '551d25'

/** The purposes that OpenSSL prints; `undefined` if it cannot read the extension, and prints its bytes. */
async function print(cert: Buffer): Promise<readonly string[] | undefined> {
  const output = await printX509(cert, '-ext', 'extendedKeyUsage')
  const [, line] = /^X509v3 Extended Key Usage: *\n +(.*)\n$/.exec(output) ?? []
  const purposes = line?.split(', ').map((name) => PRINTED[name] ?? name)
  return purposes?.every((name) => /^(?:\w+|\d+(?:\.\d+)+)$/.test(name)) ? purposes : undefined
}

describe('the purposes of a random certificate', () => {
  it('are those that OpenSSL prints, and unread where OpenSSL cannot read them', () =>
    fuzz(
      fc.asyncProperty(extension, async (value) => {
        const cert = unsignedCertificate({ extensions: { [EXTENDED_KEY_USAGE]: value } })
        expect(readExtendedKeyUsage(readCertificateParts(cert)), value.toString('hex')).toEqual(await print(cert))
      }),
      0.1,
    ))
})
