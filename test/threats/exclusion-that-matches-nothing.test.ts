import type { AccessTokenOptions, DevClient } from '@countersign/dev-edge'
import countersign, { type CertificateRequirement, not } from '@countersign/origin-plugin'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { withHeader } from '@countersign/test-support/wire-request'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const edge = { keys: hmacKey('k').jwk, hosts: null }
const access = { team: 'acme', audience: 'a'.repeat(64) }

async function register(requirement: CertificateRequirement): Promise<void> {
  const policies = { others: not(requirement) }
  await Fastify().register(countersign, { edge, access, trustedIssuers: null, policies })
}

const NAME = 'CN=mallory,O=Acme,C=US'

describe('an exclusion whose text no certificate can match', () => {
  it.each<[string, CertificateRequirement, string]>([
    ['a name as openssl x509 -subject prints it', { subject: 'C = US, O = Acme, CN = mallory' }, `write "${NAME}"`],
    ['the same with its label', { subject: 'subject=C = US, O = Acme, CN = mallory' }, `write "${NAME}"`],
    ['an issuer with its label', { issuer: 'issuer=CN=Acme CA,O=Acme' }, 'write "CN=Acme CA,O=Acme"'],
    ['the form of older versions', { subject: 'subject= /C=US/O=Acme/CN=mallory' }, `write "${NAME}"`],
    ['a name in reversed order', { subject: ['CN=eve,O=Acme', 'O=Acme,CN=mallory'] }, 'write "CN=mallory,O=Acme"'],
    ['an unknown attribute type in a name', { subject: 'CNN=mallory,O=Acme' }, 'unknown attribute "CNN"'],
    ['an unknown attribute type', { subject: { CNN: 'mallory' } }, 'unknown attribute "CNN"'],
    ['an OID that cannot exist', { subject: { '9.9.9': 'mallory' } }, 'unknown attribute "9.9.9"'],
    ['an OID that cannot exist, in a name', { subject: '1.40.3=mallory' }, 'unknown attribute "1.40.3"'],
    [
      'an attribute twice',
      { subject: { CN: 'mallory', cn: 'eve' } },
      'subject.cn is an attribute that is listed twice',
    ],
    ['an attribute and its OID', { subject: { CN: 'mallory', '2.5.4.3': 'eve' } }, 'listed twice'],
    ['half of a surrogate pair', { subject: { CN: 'mallory\ud800' } }, 'half of a surrogate pair'],
    ['a value with escapes of its bytes', { subject: { CN: 'Zo\\C3\\AB' } }, 'write "Zoë"'],
    ['a name with an unset variable', { subject: 'CN=,O=Acme' }, 'CN is empty'],
    ['an escaped value', { subject: { O: 'Mallory\\, Inc.' } }, 'write "Mallory, Inc."'],
    ['a value in quotes', { subject: { O: '"Mallory, Inc."' } }, 'write "Mallory, Inc."'],
    ['a value with its type', { subject: { CN: 'CN=mallory' } }, 'write "mallory"'],
    ['a glob in a value', { subject: { CN: 'mallory-*' } }, 'write the RegExp /^mallory-.*$/'],
    ['a glob in a name', { subject: 'CN=mallory-*,O=Acme' }, 'CN contains "*"'],
    ['a glob of host names', { san: { dns: '*.mallory.example' } }, 'write the RegExp /^.*\\.mallory\\.example$/'],
    [
      'a glob of e-mail addresses',
      { san: { email: '*@mallory.example' } },
      'write the RegExp /^.*@mallory\\.example$/',
    ],
    ['a glob of URIs', { san: { uri: 'spiffe://mallory/*' } }, 'write the RegExp /^spiffe:\\/\\/mallory\\/.*$/'],
    ['a URL as host name', { san: { dns: 'https://mallory.example/' } }, 'write "mallory.example"'],
    ['a host name with a port', { san: { dns: 'mallory.example:443' } }, 'write "mallory.example"'],
    ['a domain with a leading dot', { san: { dns: '.mallory.example' } }, 'not a host name'],
    ['an address as host name', { san: { dns: '192.0.2.1' } }, 'write it as san.ip'],
    ['a link as e-mail address', { san: { email: 'mailto:mallory@acme.example' } }, 'write "mallory@acme.example"'],
    ['a domain as e-mail address', { san: { email: 'acme.example' } }, 'not an e-mail address'],
    ['a URI with the label of OpenSSL', { san: { uri: 'URI:spiffe://acme/mallory' } }, 'write "spiffe://acme/mallory"'],
    ['a URI without scheme', { san: { uri: '//acme/mallory' } }, 'not a URI'],
    ['an address in brackets', { san: { ip: '[2001:db8::1]' } }, 'not an IP address'],
    ['a network', { san: { ip: '192.0.2.0/24' } }, 'not an IP address'],
    ['a fingerprint by SHA-1', { fingerprint256: 'ab'.repeat(20) }, '32 bytes'],
    ['a fingerprint as serial number', { issuer: 'CN=CA', serialNumber: 'ab'.repeat(32) }, '20 bytes'],
    ['a serial number with 0x', { issuer: 'CN=CA', serialNumber: '0x2A' }, 'hexadecimal'],
    ['a negative serial number', { issuer: 'CN=CA', serialNumber: '-2A' }, 'hexadecimal'],
    ['half a byte of a key identifier', { keyId: 'ABC' }, 'whole bytes'],
    ['a key identifier with its label', { keyId: 'keyid:AB:CD' }, 'expected a colon between pairs of digits'],
    [
      'a key purpose in another case',
      { extendedKeyUsage: 'ClientAuth' as 'clientAuth' },
      'unknown purpose; write "clientAuth"',
    ],
    ['an OID that no purpose can have', { extendedKeyUsage: '1.40.1' }, 'or a dotted OID'],
    ['a domain as Access e-mail', { access: { email: '@mallory.example' } }, 'not an e-mail address'],
    ['a key by a digest in hexadecimal', { spki256: 'ab'.repeat(32) }, 'write "q6urq6urq6ur'],
    ['a key by a digest in base64url', { spki256: `${'-_-_'.repeat(10)}-_8` }, 'write "+/+/'],
    ['a key by a digest of SHA-1', { spki256: 'q6urq6urq6urq6urq6urq6urq6s=' }, '44 characters'],
    ['a trust domain in upper case', { spiffe: { trustDomain: 'Acme.example' } }, 'write "acme.example"'],
    ['a SPIFFE ID as trust domain', { spiffe: { trustDomain: 'spiffe://acme.example/ns' } }, 'write "acme.example"'],
    ['a glob of paths', { spiffe: { trustDomain: 'acme.example', path: '/ns/*' } }, 'write "/ns"'],
    ['a path with a dot segment', { spiffe: { trustDomain: 'acme.example', path: '/ns/../x' } }, 'dot segment'],
    ['a glob in a claim', { access: { claims: { groups: 'banned-*' } } }, 'write the RegExp /^banned-.*$/'],
    ['a claim of no value', { access: { claims: { groups: '' } } }, 'must be a text'],
    ['a number that tokens cannot contain exactly', { access: { claims: { id: 2 ** 60 } } }, 'an exact number'],
    [
      'a URL as the path of a claim',
      { access: { claims: { 'https://acme.example/groups': 'banned' } } },
      'write "https://acme\\\\.example/groups"',
    ],
    ['a service token by name', { access: { clientId: 'ci-runner' } }, 'copy the Client ID'],
    ['a service token in upper case', { access: { clientId: `${'AB'.repeat(16)}.access` } }, 'copy the Client ID'],
    [
      'an identity of two kinds',
      { access: { kind: 'user', clientId: `${'ab'.repeat(16)}.access` } },
      'no identity has',
    ],
  ])('does not start: %s', async (_what, requirement, message) => {
    await expect(register(requirement)).rejects.toThrow(TypeError)
    await expect(register(requirement)).rejects.toThrow(message)
  })

  it.each([
    ['C = US, O = Acme, CN = Acme CA', 'write "CN=Acme CA,O=Acme,C=US"'],
    ['O=Acme, CN=Acme CA', 'write "CN=Acme CA,O=Acme"'],
    ['issuer=CN=Acme CA,O=Acme', 'write "CN=Acme CA,O=Acme"'],
    ['CNN=Acme CA,O=Acme', 'unknown attribute "CNN"'],
  ])('does not start as the name of a trusted issuer either: %s', async (dn, message) => {
    const options = { edge, access, trustedIssuers: [{ dn }] }
    await expect(Fastify().register(countersign, options)).rejects.toThrow(message)
  })
})

/** Exclusions of one client, each in a spelling that differs from the certificate's. */
const EXCLUSIONS: Readonly<Record<string, CertificateRequirement>> = {
  'name-case': { subject: { CN: 'Mallory' } },
  'name-space': { subject: { CN: 'mallory ' } },
  'name-pattern-case': { subject: { CN: /^MALLORY$/ } },
  'whole-case': { subject: 'CN=Mallory,OU=Ops,OU=Paris,O=Acme' },
  'whole-order': { subject: 'OU=Ops,CN=mallory,OU=Paris,O=Acme' },
  'whole-joined': { subject: 'CN=mallory+OU=Ops,OU=Paris,O=Acme' },
  'some-unit': { subject: { OU: { some: 'paris' } } },
  'host-case': { san: { dns: 'MALLORY.acme.example' } },
  'host-dot': { san: { dns: 'mallory.acme.example.' } },
  'host-pattern-case': { san: { dns: /^Mallory\.acme\.example$/ } },
  'host-international': { san: { dns: 'bücher.acme.example' } },
  'host-pattern-dot': { san: { dns: /^mallory\..*\.$/ } },
  'host-pattern-international': { san: { dns: /^bücher\..*$/ } },
  'mail-pattern-dot': { san: { email: /^mallory@.*\.example\.$/ } },
  'mail-host': { san: { email: 'mallory@ACME.example' } },
  'mail-local': { san: { email: 'Mallory@acme.example' } },
  'uri-scheme': { san: { uri: 'SPIFFE://acme.example/mallory' } },
  'uri-host': { san: { uri: 'spiffe://ACME.example/mallory' } },
  'uri-percent': { san: { uri: 'spiffe://acme.example/m%61llory' } },
  'uri-dots': { san: { uri: 'spiffe://acme.example/x/../mallory' } },
  'ip-long': { san: { ip: '2001:0DB8:0:0::0001' } },
  'ip-mapped': { san: { ip: '::ffff:192.0.2.1' } },
  'purpose-oid': { extendedKeyUsage: '1.3.6.1.5.5.7.3.4' },
  'user-case': { subject: { CN: 'mallory' }, san: { upn: 'MALLORY@acme.example' } },
  'claim-case': { access: { claims: { groups: 'Banned' } } },
  'claim-type': { access: { claims: { 'custom.level': '7' } } },
  'claim-missing': { access: { claims: { 'custom.groups': 'banned' } } },
  'access-case': { access: { email: 'Mallory@ACME.example' } },
}

const options: ChainOptions = {
  routes(app) {
    for (const [name, requirement] of Object.entries(EXCLUSIONS)) {
      app.get(`/${name}`, { config: { clientCert: not(requirement) } }, () => 'in')
    }
  },
}

describeThreat('an exclusion in another spelling than the certificate', options, (chain) => {
  const subject = 'CN=mallory,OU=Ops,OU=Paris,O=Acme'
  const san = {
    dns: ['mallory.acme.example', 'xn--bcher-kva.acme.example'],
    email: ['mallory@acme.example'],
    uri: ['spiffe://acme.example/mallory'],
    ip: ['2001:db8::1', '192.0.2.1'],
    upn: ['mallory@acme.example'],
  }
  const extendedKeyUsage = ['clientAuth', 'emailProtection']

  async function ask(name: string, client: DevClient, claims: AccessTokenOptions['claims']) {
    const request = await chain.capture(`/${name}`, { client })
    const token = await chain.edge.accessToken({ claims })
    return chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  }

  it.each(Object.keys(EXCLUSIONS))('excludes the client: %s', async (name) => {
    const client = await chain.edge.issueClient({ subject, san, extendedKeyUsage })
    const claims = { email: 'mallory@acme.example', groups: ['banned'], custom: { level: 7 } }
    expect(await ask(name, client, claims)).toMatchObject({ status: 403, code: 'CSN_CERT_FORBIDDEN' })
  })

  it.each(Object.keys(EXCLUSIONS))('admits another client: %s', async (name) => {
    const client = await chain.edge.issueClient({ subject: 'CN=bob,OU=Dev,O=Acme', san: { dns: ['bob.acme.example'] } })
    const claims = { groups: ['ops'], custom: { level: 8, groups: ['ops'] } }
    expect(await ask(name, client, claims)).toMatchObject({ status: 200 })
  })
})
