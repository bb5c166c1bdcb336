import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkRevocation, describeSource } from './revocation-options.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const path = '/etc/ca.crl'
const check = (revocation: unknown) => checkRevocation(revocation, ca.cert)
const SOURCE = 'revocation.crl must be a path, a file: or http(s): URL, or a function that returns the bytes'
const CREDENTIALS =
  'revocation.crl must be a URL without credentials; write a function that fetches the bytes with them'
const REFRESH = 'revocation.refresh must be a number of seconds from 1 to 604800'
const MAX_BYTES = 'revocation.maxBytes must be a number of bytes from 1024 to 268435456'
const POINT =
  'revocation.distributionPoint must be the list\'s distribution point, a URL such as "http://ca.example/ca.crl"'
const DEFAULTS = { refresh: 3600, onStale: 'refuse', maxBytes: 4_194_304, distributionPoint: undefined }

describe('checkRevocation', () => {
  it.each([path, 'ca.crl', 'C:\\ca.crl', './a:b', async () => Buffer.alloc(0)])(
    'accepts the source %s, and adds the defaults',
    (crl) => {
      expect(check({ crl })).toEqual({ crl, ...DEFAULTS })
    },
  )

  it.each([
    'file:///etc/ca.crl',
    'http://ca.example/ca.crl',
    'https://ca.example/ca.crl?a=b',
    'HTTPS://ca.example/ca.crl',
  ])('reads %s as a URL, also as text: a path of that name would never exist', (text) => {
    for (const crl of [text, new URL(text)]) expect(check({ crl })).toEqual({ crl: new URL(text), ...DEFAULTS })
  })

  it('accepts every option at its bounds', () => {
    const distributionPoint = 'http://ca.example/ca.crl'
    const least = { crl: path, refresh: 1, onStale: 'accept', maxBytes: 1024, distributionPoint }
    expect(check(least)).toEqual(least)
    const most = { crl: path, refresh: 604_800, onStale: 'refuse', maxBytes: 268_435_456, distributionPoint }
    expect(check(most)).toEqual(most)
  })

  it.each([
    [{}, SOURCE],
    [{ crl: '' }, SOURCE],
    [{ crl: 5 }, SOURCE],
    [{ crl: new URL('ftp://ca.example/ca.crl') }, SOURCE],
    [{ crl: 'ftp://ca.example/ca.crl' }, SOURCE],
    [{ crl: 'ldap://ca.example/cn=ca' }, SOURCE],
    [{ crl: 'https://' }, SOURCE],
    [{ crl: 'https://user@ca.example/ca.crl' }, CREDENTIALS],
    [{ crl: new URL('https://:secret@ca.example/ca.crl') }, CREDENTIALS],
    [{ crl: path, refresh: 0 }, REFRESH],
    [{ crl: path, refresh: 604_801 }, REFRESH],
    [{ crl: path, refresh: 1e9 }, REFRESH],
    [{ crl: path, onStale: 'ignore' }, 'revocation.onStale must be "refuse" or "accept"'],
    [{ crl: path, maxBytes: 1023 }, MAX_BYTES],
    [{ crl: path, maxBytes: 268_435_457 }, MAX_BYTES],
    [{ crl: path, maxBytes: '4 MB' }, MAX_BYTES],
    [{ crl: path, distributionPoint: 'ca.crl' }, POINT],
    [{ crl: path, distributionPoint: new URL('http://ca.example/') }, POINT],
    [
      { crl: path, url: path },
      'revocation: unknown option "url"; known options are crl, refresh, onStale, maxBytes, distributionPoint',
    ],
    [
      { crl: ' http://ca.example/ca.crl' },
      'revocation.crl must be a path or a URL without spaces or quotes around it; remove them',
    ],
    [
      { crl: '"/run/ca.crl"' },
      'revocation.crl must be a path or a URL without spaces or quotes around it; remove them',
    ],
    ['list', 'revocation must be an object; write revocation: { crl: "/path/ca.crl" }, or a URL'],
    [
      { crl: '-----BEGIN X509 CRL-----\nMII=\n-----END X509 CRL-----\n' },
      'revocation.crl is the list itself; write its path or URL, or a function that returns the bytes',
    ],
  ])('refuses %j', (revocation, message) => {
    expect(() => check(revocation)).toThrow(TypeError)
    expect(() => check(revocation)).toThrow(new TypeError(message))
  })

  it('refuses a CA whose key must not sign lists, and accepts one that says that it may', async () => {
    const { keyCertSign, cRLSign } = x509.KeyUsageFlags
    const withUsage = async (flags: number) =>
      (await ca.issueCa({ extensions: [new x509.KeyUsagesExtension(flags, true)] })).cert
    expect(checkRevocation({ crl: path }, await withUsage(keyCertSign | cRLSign))).toMatchObject({ crl: path })
    const without = await withUsage(keyCertSign)
    expect(() => checkRevocation({ crl: path }, without)).toThrow(
      new TypeError(
        'ca must not sign revocation lists: its key usage lacks cRLSign; let the CA be issued with cRLSign, or remove revocation',
      ),
    )
  })
})

describe('describeSource', () => {
  it('names the source, without the query of a URL', () => {
    expect(describeSource(path)).toBe(path)
    expect(describeSource(new URL('https://ca.example:8443/ca.crl?token=secret#x'))).toBe(
      'https://ca.example:8443/ca.crl?…',
    )
    expect(describeSource(new URL('file:///etc/ca.crl'))).toBe('/etc/ca.crl')
    expect(describeSource(async () => Buffer.alloc(0))).toBe('the function revocation.crl')
  })
})
