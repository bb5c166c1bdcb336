import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { opensslSubject, opensslX509 } from '@countersign/test-support/openssl'
import { beforeAll, describe, expect, it } from 'vitest'
import { issueClient } from '../pki/dev-client.ts'
import { createPki, type Pki } from '../pki/pki.ts'
import { readCertificateFields } from './certificate-fields.ts'
import { formatName, formatNameLegacy, formatNameRfc2253 } from './format-name.ts'

let pki: Pki
beforeAll(async () => {
  pki = await createPki('localhost')
})

/** Attribute types of X.500, of the pilot directories, of PKCS #9, of EV certificates, and of Russian numbers. */
const ARCS =
  /^(?:2\.5\.4|0\.9\.2342\.19200300\.100\.1|1\.2\.840\.113549\.1\.9|1\.2\.643\.100|1\.3\.6\.1\.4\.1\.311\.60\.2\.1)\.\d+$/

const types = execFileSync('openssl', ['list', '-objects'], { encoding: 'utf8' })
  .split('\n')
  .map((line) => / ([\d.]+)$/.exec(line)?.[1] ?? '')
  .filter((oid) => ARCS.test(oid))

const subjectOf = (pem: string) => readCertificateFields(new X509Certificate(pem).raw).subject

describe('the names of attribute types', () => {
  it('are those of OpenSSL, for every type that it knows and for one that it does not', async () => {
    expect(types.length).toBeGreaterThan(100)
    const subject = ['1.2.643.3.131.1.1', '1.2.3.4', ...types].map((oid) => `${oid}=a`).join(',')
    const { cert } = await issueClient(pki, { subject })
    expect(formatNameRfc2253(subjectOf(cert))).toBe(opensslSubject(cert))
    expect(`subject=${formatName(subjectOf(cert))}`).toBe(opensslX509(cert, '-subject', '-nameopt', 'RFC2253,-esc_msb'))
    expect(`subject=${formatNameLegacy(subjectOf(cert))}`).toBe(opensslX509(cert, '-subject', '-nameopt', 'compat'))
    expect(opensslSubject(cert)).toContain(',street=a,')
    expect(opensslSubject(cert)).toContain(',uid=a,')
  })
})

describe('text that the type of its string does not allow', () => {
  it.each([
    ['NumericString', 0x12],
    ['PrintableString', 0x13],
    ['IA5String', 0x16],
  ])('is printed as Latin-1 in a %s', async (_, tag) => {
    const { cert } = await issueClient(pki, { subject: 'CN=ZZ' })
    const { raw } = new X509Certificate(cert)
    const at = raw.indexOf('ZZ')
    raw.set([tag, 2, 0x41, 0xeb], at - 2)
    const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`
    expect(formatNameRfc2253(subjectOf(pem))).toBe('CN=A\\C3\\AB')
    expect(formatNameRfc2253(subjectOf(pem))).toBe(opensslSubject(pem))
  })
})
