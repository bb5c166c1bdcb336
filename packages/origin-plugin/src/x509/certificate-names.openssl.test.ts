import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { der } from '@countersign/test-support/write-der'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCertificateNames } from './certificate-names.ts'
import { readDerChildren, readDerValue, TAG } from './der.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-names-'))
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'key.pem')
})
afterAll(() => rmSync(folder, { recursive: true }))

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

/** A certificate that OpenSSL wrote, by a section of its configuration for the extensions. */
function certificate(subject: string, extensions = ''): X509Certificate {
  writeFileSync(
    join(folder, 'req.cnf'),
    `[req]\ndistinguished_name=dn\nx509_extensions=ext\nutf8=yes\nstring_mask=utf8only\n[dn]\n[ext]\n${extensions}\n`,
  )
  const args = [
    '-config',
    'req.cnf',
    '-key',
    'key.pem',
    '-subj',
    subject,
    '-multivalue-rdn',
    '-utf8',
    '-out',
    'out.pem',
  ]
  openssl('req', '-x509', '-new', '-days', '1', ...args)
  return new X509Certificate(openssl('x509', '-in', 'out.pem', '-outform', 'DER'))
}

/** Every kind of alternative name that OpenSSL can write, read by us or not. */
const EVERY_KIND = `subjectAltName=@san
subjectKeyIdentifier=hash
basicConstraints=critical,CA:FALSE
[san]
DNS.1=Pay.acme.example
DNS.2=*.acme.example
email.1=Jane@acme.example
URI.1=spiffe://acme.example/pay?a=b,c
IP.1=192.0.2.1
IP.2=2001:db8:0:0:1:0:0:1
IP.3=::ffff:192.0.2.1
IP.4=::
RID.1=1.2.3.4
otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:upn@evil.example
otherName.2=1.2.3.4;UTF8:other@evil.example
dirName.1=other
[other]
CN=other
`

describe('readCertificateNames of certificates by OpenSSL', () => {
  it('reads names of every kind that it knows, and leaves the others alone', () => {
    const cert = certificate('/CN=pay-1', EVERY_KIND)
    expect(readCertificateNames(cert.raw).subjectAltNames).toEqual({
      dns: ['pay.acme.example', '*.acme.example'],
      email: ['Jane@acme.example'],
      uri: ['spiffe://acme.example/pay?a=b,c'],
      ip: ['192.0.2.1', '2001:db8::1:0:0:1', '::ffff:c000:201', '::'],
      upn: ['upn@evil.example'],
      unread: [],
    })
    expect(cert.subjectAltName).toContain('upn@evil.example')
  })

  it('reads the key identifier that OpenSSL prints', () => {
    const cert = certificate('/CN=pay-1', EVERY_KIND)
    const printed = openssl('x509', '-in', 'out.pem', '-noout', '-ext', 'subjectKeyIdentifier').toString()
    expect(printed.replaceAll(':', '')).toContain(readCertificateNames(cert.raw).subjectKeyId)
  })

  it('reads an RDN of several attributes as one, in any order', () => {
    const one = readCertificateNames(certificate('/O=Acme/CN=pay-1+UID=7+OU=Ops').raw)
    const other = readCertificateNames(certificate('/O=Acme/OU=Ops+CN=pay-1+UID=7').raw)
    expect(one.subject.rdns.map((rdn) => rdn.length)).toEqual([3, 1])
    expect(one.subject).toMatchObject({ CN: 'pay-1', UID: '7', OU: 'Ops', O: 'Acme' })
    expect(one.subject.equals(other.subject)).toBe(true)
    expect(one.subject.equals(readCertificateNames(certificate('/O=Acme/OU=Ops/UID=7/CN=pay-1').raw).subject)).toBe(
      false,
    )
  })

  it('reads every character of a name', () => {
    const { subject } = readCertificateNames(certificate('/O=Zoë \\/ \\+ "🔑", Inc.;/CN=a\\\\b=c').raw)
    expect([subject.O, subject.CN]).toEqual(['Zoë / + "🔑", Inc.;', 'a\\b=c'])
  })

  it('throws SyntaxError for every truncation', () => {
    const { raw } = certificate('/C=US/O=Acme/CN=pay-1', EVERY_KIND)
    for (let length = 0; length < raw.length; length += 1) {
      expect(() => readCertificateNames(raw.subarray(0, length)), `${length} bytes`).toThrow(SyntaxError)
    }
  })

  it('returns names or throws SyntaxError for random changes, quickly, and nothing else', () => {
    const { raw } = certificate('/C=US/O=Zoë/CN=pay-1+UID=7', EVERY_KIND)
    // Park and Miller: a seeded generator, so that a failure can be reproduced.
    let seed = 1
    const below = (limit: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % limit
    }
    const started = performance.now()
    for (let round = 0; round < 2_000; round += 1) {
      const changed = Buffer.from(raw)
      for (let each = below(6); each >= 0; each -= 1) changed[below(raw.length)] = below(256)
      try {
        readCertificateNames(changed)
      } catch (error) {
        expect(error, changed.toString('base64')).toBeInstanceOf(SyntaxError)
      }
    }
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('reads an alternative name longer than a call has arguments', () => {
    const { raw } = certificate('/CN=pay-1')
    const long = longDer(0x82, Buffer.alloc(500_000, 'a'))
    const { subjectAltNames } = readCertificateNames(withAltName(raw, long))
    expect(subjectAltNames.dns.map((name) => name.length)).toEqual([500_000])
  })
})

/** One DER value whose length takes three bytes. */
function longDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(contents)
  const length = [bytes.length >> 16, (bytes.length >> 8) & 0xff, bytes.length & 0xff]
  return Buffer.concat([Uint8Array.from([tag, 0x83, ...length]), bytes])
}

/** The certificate with one alternative name in place of its extensions. Its signature becomes invalid. */
function withAltName(raw: Buffer, name: Buffer): Buffer {
  const [tbs, ...signature] = readDerChildren(readDerValue(raw, 0), TAG.SEQUENCE)
  const parts = readDerChildren(tbs, TAG.SEQUENCE).filter(({ tag }) => tag !== 0xa3)
  const extension = longDer(0x30, der(0x06, Buffer.from('551d11', 'hex')), longDer(0x04, longDer(0x30, name)))
  const extensions = longDer(0xa3, longDer(0x30, extension))
  const signed = longDer(0x30, ...parts.map(({ encoded }) => encoded), extensions)
  return longDer(0x30, signed, ...signature.map(({ encoded }) => encoded))
}
