// The spellings are made from the values of the certificate by rules of the RFCs, not by our own normalisers.
import { execFile } from 'node:child_process'
import { not, type Requirement } from '@countersign/origin-plugin'
import { createCa } from '@countersign/test-support/certificates'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createGuardCompiler } from '../../packages/origin-plugin/src/guards/compile-guard.ts'
import { readCertificateNames } from '../../packages/origin-plugin/src/x509/certificate-names.ts'
import { makeClientCert, makeRequest } from '../../packages/origin-plugin/test/support/make-client-cert.ts'
import { fuzz } from './fuzz.ts'

/** The decision of a guard; `error` for a requirement that stops the start. */
function outcome(requirement: Requirement, cert: Partial<Parameters<typeof makeClientCert>[0]> & object) {
  try {
    const guard = createGuardCompiler({}).compile(requirement, 'GET /')
    return guard.decide(makeClientCert(cert), makeRequest()).outcome
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return 'error'
  }
}

const flips = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })
/** The text with some letters in the other case. */
const flip = (text: string, flips: readonly boolean[]) =>
  [...text].map((char, at) => (flips[at % 40] ? swap(char) : char)).join('')
const swap = (char: string) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())

const label = fc.stringMatching(/^[a-z](?:[a-z0-9-]{0,6}[a-z0-9])?$/)
const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))
const local = fc.stringMatching(/^[a-zA-Z0-9.+_-]{1,8}$/)
const path = fc.stringMatching(/^(?:\/[a-zA-Z0-9._~-]{1,5}){0,3}$/).filter((path) => !/\/\.\.?(?:\/|$)/.test(path))

describe('an exclusion of a random client in another spelling', () => {
  it('excludes it by its host name, in any case, with or without a dot at the end', () =>
    fuzz(
      fc.property(host, flips, flips, fc.boolean(), fc.boolean(), (host, one, other, dot, otherDot) => {
        const dns = [flip(host, one) + (dot ? '.' : '')]
        const text = flip(host, other) + (otherDot ? '.' : '')
        expect(outcome({ san: { dns: text } }, { subjectAltNames: { dns } })).toBe('match')
        expect(outcome(not({ san: { dns: text } }), { subjectAltNames: { dns } })).toBe('mismatch')
        expect(outcome(not({ san: { dns: `other.${host}` } }), { subjectAltNames: { dns } })).toBe('match')
      }),
    ))

  it('excludes it by its e-mail address, and leaves another case of the local part undecided', () =>
    fuzz(
      fc.property(local, host, flips, fc.constantFrom('email' as const, 'upn' as const), (local, host, flips, kind) => {
        const subjectAltNames = { [kind]: [`${local}@${flip(host, flips)}`] }
        const not_ = (text: string) => outcome(not({ san: { [kind]: text } }), { subjectAltNames })
        expect(not_(`${local}@${host}`)).toBe('mismatch')
        const flipped = flip(local, flips)
        if (flipped !== local) expect(not_(`${flipped}@${host}`)).toBe('undecided')
        expect(not_(`x${local}@${host}`)).toBe('match')
      }),
    ))

  it('never admits it by its URI in a form that RFC 5280 finds equal', () =>
    fuzz(
      fc.property(host, path, flips, fc.nat(20), fc.nat(3), (host, path, flips, at, form) => {
        const scheme = form % 2 === 0 ? 'https' : 'spiffe'
        const subjectAltNames = { uri: [`${flip(scheme, flips)}://${flip(host, flips)}${path}`] }
        const not_ = (text: string) => outcome(not({ san: { uri: text } }), { subjectAltNames })
        expect(not_(`${scheme}://${host}${path}`)).toBe('mismatch')
        const char = path.at(at % (path.length || 1))
        const escaped = char && char !== '/' ? path.replace(char, `%${char.charCodeAt(0).toString(16)}`) : path
        const dotted = path.replace(/^\//, '/x/.././')
        for (const other of [escaped, dotted]) {
          expect(['mismatch', 'undecided']).toContain(not_(`${scheme}://${host}${other}`))
        }
        if (form % 2 === 0) expect(['mismatch', 'undecided']).toContain(not_(`https://${host}:443${path || '/'}`))
        expect(not_(`${scheme}://x.${host}${path}`)).toBe('match')
      }),
    ))

  it('excludes it by its address in every form', () =>
    fuzz(
      fc.property(fc.ipV6(), fc.ipV4(), (v6, v4) => {
        const written = new URL(`http://[${v6}]/`).hostname.slice(1, -1)
        expect(outcome(not({ san: { ip: v6.toUpperCase() } }), { subjectAltNames: { ip: [written] } })).toBe('mismatch')
        expect(outcome(not({ san: { ip: `::ffff:${v4}` } }), { subjectAltNames: { ip: [v4] } })).toBe('undecided')
      }),
    ))

  it('does not start with a glob', () =>
    fuzz(
      fc.property(host, fc.nat(30), (host, at) => {
        const glob = `${host.slice(0, at % host.length)}*`
        for (const kind of ['dns', 'email', 'uri', 'upn'] as const) {
          expect(outcome(not({ san: { [kind]: glob } }), { subjectAltNames: { [kind]: [host] } })).toBe('error')
        }
        expect(outcome(not({ subject: { CN: glob } }), { subject: `CN=${host}` })).toBe('error')
        expect(outcome(not({ subject: `CN=${glob}` }), { subject: `CN=${host}` })).toBe('error')
      }),
    ))
})

const value = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9 .,+"=#<>;\\/-]{1,10}$/).filter((text) => text.trim() === text && text !== '#'),
  fc.constantFrom('Zoë', 'Acme, Inc.', 'a+b', 'CN=x'),
)
const TYPES = ['C', 'DC', 'ST', 'L', 'O', 'OU', 'CN', 'UID', 'emailAddress'] as const
const attribute = (types: readonly string[]) => fc.tuple(fc.constantFrom(...types), value)
/** A name in the usual order: a country or a domain, an organisation, a person. */
const usualName = fc.tuple(
  fc.array(attribute(TYPES.slice(0, 2)), { maxLength: 2 }),
  fc.array(attribute(TYPES.slice(2, 6)), { maxLength: 2 }),
  fc.array(attribute(TYPES.slice(6)), { minLength: 1, maxLength: 2 }),
)

describe('an exclusion by the output of OpenSSL', () => {
  let issue: (subject: string) => Promise<Buffer>
  beforeAll(async () => {
    const ca = await createCa()
    issue = async (subject) => (await ca.issue({ subject })).cert.raw
  })

  it('excludes the client by its name as in RFC 2253, and never admits it by another form', () =>
    fuzz(
      fc.asyncProperty(usualName, async (parts) => {
        const general = parts.flat().map(([type, value]) => `${type}=${value.replace(/[ ,+"=#<>;\\]/g, '\\$&')}`)
        const der = await issue(general.toReversed().join(','))
        const { subject } = readCertificateNames(der)
        const [rfc2253, usual, compat] = await Promise.all(
          ['RFC2253', 'oneline', 'compat'].map((form) => print(der, form)),
        )
        const excluded = (text: string) => outcome(not({ subject: text }), { subject: String(subject) })
        expect(excluded(rfc2253 as string), rfc2253).toBe('mismatch')
        expect(excluded(`subject=${rfc2253}`), rfc2253).toBe('error')
        expect(excluded(compat as string), compat).toBe('error')
        const isOrdered = general.length > 1 && parts.filter((part) => part.length > 0).length > 1
        if (isOrdered) expect(excluded(usual as string), usual).toBe('error')
        else expect(['mismatch', 'undecided', 'error'], usual).toContain(excluded(usual as string))
      }),
      0.03,
    ))
})

/** The subject as OpenSSL prints it. */
function print(der: Buffer, nameopt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', nameopt]
    const child = execFile('openssl', args, (error, output) => {
      if (error) reject(error)
      else resolve(output.replace(/^subject=/, '').trim())
    })
    child.stdin?.end(der)
  })
}
