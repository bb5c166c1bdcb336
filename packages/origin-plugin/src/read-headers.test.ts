import {
  ACCESS_TOKEN_HEADER,
  CERTIFICATE_HEADERS,
  CF_CERT_HEADERS,
  COVERED_FIELDS,
  type CoveredField,
  formatSignatureInput,
} from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../test/support/expect-refusal.ts'
import { HEADER_SOURCES, type HeaderSourceName } from './header-source.ts'
import { readHeaders, requirePrintable, requirePrintableField } from './read-headers.ts'

/** The fields that were read, as a Map. */
const read = (rawHeaders: readonly string[]) => {
  const fields = readHeaders(rawHeaders)
  return new Map(fields.names().map((name) => [name, fields.get(name)]))
}
const refused = (reason: string) => ({ code: 'CSN_HEADERS_MALFORMED', reason })

describe('readHeaders', () => {
  it('reads nothing from no headers', () => {
    expect(read([])).toEqual(new Map())
  })

  it('reads every field that the edge speaks for', () => {
    const lines = COVERED_FIELDS.flatMap((name, at) => [name, `value ${at}`])
    expect(read(lines)).toEqual(new Map(COVERED_FIELDS.map((name, at) => [name, `value ${at}`])))
  })

  it('leaves every other header alone, repeats and strange bytes included', () => {
    const lines = ['Host', 'a', 'accept', '', 'Accept', '\xff', 'x-certificate', 'a', 'x-certificate', 'b']
    expect(read([...lines, 'Signature', 'a', 'Signature', 'b', 'cf-ray', '1', 'clientcert', 'c'])).toEqual(new Map())
  })

  it.each(['X-CERT-VERIFY', 'x-cert-verify', 'X-Cert-Verify', 'x-cErT-vErIfY'])('reads %s under one name', (name) => {
    expect(read([name, 'SUCCESS'])).toEqual(new Map([['x-cert-verify', 'SUCCESS']]))
  })

  it.each(['Cf-Access-Jwt-Assertion', 'CF-ACCESS-JWT-ASSERTION', 'cf-access-jwt-assertion'])(
    'reads the Access token from %s',
    (name) => {
      expect(readHeaders([name, 'a.b.c']).get(ACCESS_TOKEN_HEADER)).toBe('a.b.c')
    },
  )

  it.each(COVERED_FIELDS)('refuses a repeated %s, in any case and with any values', (name) => {
    const reason = `${name} is repeated`
    for (const again of [name, name.toUpperCase()]) {
      expect(refusalOf(() => readHeaders([name, 'a', 'accept', 'b', again, 'c']))).toEqual(refused(reason))
      expect(refusalOf(() => readHeaders([again, 'a', name, 'a']))).toEqual(refused(reason))
    }
  })

  it.each([
    'x_cert_subject_dn',
    'X_CERT_VERIFY',
    'x-cert_verify',
    'x.cert.subject.dn',
    'x-cert-',
    'x-cert-verify-',
    'x-cert-other',
    'x-cert-subject-dn-2253-',
    'client_cert',
    'client-cert-',
    'client-certificate',
    'cf_cert_serial',
    'CF_CERT_VERIFIED',
    'cf-cert-fingerprint-sha256',
    'cf-client-cert-der-base64',
  ])('refuses the name %s, which a server behind the origin may fold into one of the table', (name) => {
    const reason = `${name.toLowerCase()} is not sent by the edge`
    expect(refusalOf(() => readHeaders([name, 'a']))).toEqual(refused(reason))
    expect(refusalOf(() => readHeaders(['x-cert-verify', 'SUCCESS', name, '']))).toEqual(refused(reason))
  })

  it('repeats no more of a strange name than its beginning', () => {
    const { reason } = refusalOf(() => readHeaders([`x-cert-${'a'.repeat(8000)}`, 'a']))
    expect(reason).toBe(`x-cert-${'a'.repeat(57)} is not sent by the edge`)
  })
})

const WORKER_ONLY = CERTIFICATE_HEADERS.filter(({ syntax }) => syntax !== 'rfc9440').map(({ name }) => name)
const CF_CERT = CF_CERT_HEADERS.map(({ name }) => name)

describe('readHeaders of another source', () => {
  const fieldOf = (name: string) => {
    const field = CF_CERT_HEADERS.find((header) => header.name === name)?.field
    return CERTIFICATE_HEADERS.find((header) => header.field === field)?.name as CoveredField
  }

  it.each(CF_CERT)('reads %s in every case into the field of the Worker', (name) => {
    for (const spelling of [name, name.toUpperCase(), name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())]) {
      const fields = readHeaders([ACCESS_TOKEN_HEADER, 'a.b.c', spelling, 'value'], HEADER_SOURCES['cf-cert'])
      expect(fields.names()).toEqual([ACCESS_TOKEN_HEADER, fieldOf(name)])
      expect(fields.get(fieldOf(name))).toBe('value')
      expect(fields.token).toBe('a.b.c')
      expect(fields.certificateHeaders()).toEqual([[name, 'value']])
      expect(fields.headerOf(fieldOf(name))).toBe(name)
    }
  })

  it('fills every field but the certificates themselves from cf-cert', () => {
    const fields = readHeaders(
      CF_CERT.flatMap((name) => [name, name]),
      HEADER_SOURCES['cf-cert'],
    )
    const [, ...all] = COVERED_FIELDS
    expect(all.filter((field) => !fields.has(field))).toEqual([
      'client-cert',
      'client-cert-chain',
      'x-cert-too-large',
      'x-cert-chain-too-large',
    ])
  })

  it('reads the two headers of RFC 9440', () => {
    const fields = readHeaders(['Client-Cert', ':AA==:', 'client-cert-chain', ':BB==:'], HEADER_SOURCES.rfc9440)
    expect(fields.certificateHeaders()).toEqual([
      ['client-cert', ':AA==:'],
      ['client-cert-chain', ':BB==:'],
    ])
  })

  it.each(['worker', 'rfc9440', 'cf-cert'] as const)('refuses a repeated line by its name (%s)', (source) => {
    const name = { worker: 'x-cert-serial', rfc9440: 'client-cert', 'cf-cert': 'cf-cert-serial' }[source]
    expect(refusalOf(() => readHeaders([name, 'a', name, 'a'], HEADER_SOURCES[source]))).toEqual(
      refused(`${name} is repeated`),
    )
  })

  const foreign = [
    ...WORKER_ONLY.flatMap((name) => [
      ['rfc9440', name, 'worker'],
      ['cf-cert', name, 'worker'],
    ]),
    ...CF_CERT.flatMap((name) => [
      ['rfc9440', name, 'cf-cert'],
      ['worker', name, 'cf-cert'],
    ]),
    ['cf-cert', 'client-cert', 'rfc9440'],
    ['cf-cert', 'client-cert-chain', 'rfc9440'],
  ] as [HeaderSourceName, string, HeaderSourceName][]

  it.each(foreign)('refuses, as %s, the header %s of %s, alone and next to its own', (source, name, other) => {
    const own = { worker: 'X-Cert-Verify', rfc9440: 'Client-Cert', 'cf-cert': 'Cf-Cert-Verified' }[source]
    const reasonOf = (lines: readonly string[]) => refusalOf(() => readHeaders(lines, HEADER_SOURCES[source]))
    const alone = `${name} is a header of the source '${other}', and this origin reads the source '${source}'`
    expect(reasonOf(['Accept', own, ACCESS_TOKEN_HEADER, 'a.b.c', name.toUpperCase(), ''])).toEqual(refused(alone))
    const both = `${name} and ${own.toLowerCase()} are headers of two sources, '${other}' and '${source}', and this origin reads '${source}'`
    expect(reasonOf([name, 'a', own, 'b'])).toEqual(refused(both))
    expect(reasonOf([own, 'b', 'Accept', '*/*', name, 'a'])).toEqual(refused(both))
  })

  it.each(['rfc9440', 'cf-cert'] as const)('refuses spellings that fold into any family (%s)', (source) => {
    for (const name of [
      'x_cert_serial',
      'x-cert-',
      'client_cert',
      'client-cert-',
      'cf_cert_serial',
      'cf-cert-fingerprint-sha256',
      'cf-cert-sha256-',
      'cf.cert.verified',
      'cf-client-cert-der-base64',
    ]) {
      const reason = `${name} is not sent by the edge`
      expect(refusalOf(() => readHeaders([name, 'a'], HEADER_SOURCES[source]))).toEqual(refused(reason))
    }
  })
})

describe('readHeaders, for headers of a later release', () => {
  const inputOf = (...names: string[]) =>
    `countersign=${formatSignatureInput(names, { created: 1, expires: 2, nonce: 'A'.repeat(22), keyid: 'k', alg: 'ed25519' })}`
  const [one, two] = ['x-cert-zone', 'x-cert-account'] as const

  it('reads those that the signature covers, in its order and in any case', () => {
    const fields = readHeaders(
      ['X-Cert-Account', 'a', 'x-cert-verify', 'v', 'X-CERT-ZONE', 'z'],
      undefined,
      inputOf('x-cert-verify', one, two),
    )
    expect(fields.later).toEqual([
      [one, 'z'],
      [two, 'a'],
    ])
    expect(fields.coveredNames()).toEqual(['x-cert-verify', one, two])
    expect(fields.certificateHeaders()).toEqual([
      ['x-cert-verify', 'v'],
      [one, 'z'],
      [two, 'a'],
    ])
  })

  it('shares one empty list between all other requests', () => {
    expect(readHeaders([]).later).toBe(
      readHeaders(['x-cert-verify', 'v'], undefined, inputOf('x-cert-verify', one)).later,
    )
    expect(readHeaders([]).later).toEqual([])
  })

  it.each([
    ['without a signature', undefined],
    ['with a signature that covers another one', inputOf('x-cert-verify', one)],
    ['with a signature that covers it before one of the table', inputOf(two, 'x-cert-verify')],
    ['with a signature of another label', inputOf(two).replace('countersign=', 'other=')],
  ])('refuses one %s', (_, signatureInput) => {
    const lines = ['x-cert-verify', 'v', one, 'z', two, 'a'].slice(signatureInput?.includes(one) ? 0 : 4)
    expect(refusalOf(() => readHeaders(lines, undefined, signatureInput))).toEqual(
      refused(`${two} is not sent by the edge`),
    )
  })

  it('refuses a repeated one, in any case', () => {
    for (const again of [two, 'X-CERT-Account']) {
      expect(refusalOf(() => readHeaders([two, 'a', one, 'z', again, 'a'], undefined, inputOf(one, two)))).toEqual(
        refused(`${two} is repeated`),
      )
    }
  })

  it.each(['x_cert_account', 'x-cert-account_', 'cf-cert-account', 'client-cert-account'])(
    'refuses the name %s, even if a signature claims to cover it',
    (name) => {
      expect(refusalOf(() => readHeaders([name, 'a'], undefined, inputOf(name)))).toEqual(
        refused(`${name} is not sent by the edge`),
      )
    },
  )

  it.each(['rfc9440', 'cf-cert'] as const)('refuses one of the source %s, which signs nothing', (source) => {
    expect(refusalOf(() => readHeaders([two, 'a'], HEADER_SOURCES[source], inputOf(two)))).toEqual(
      refused(`${two} is not sent by the edge`),
    )
  })

  it('reads 16, and refuses one more', () => {
    const names = Array.from({ length: 17 }, (_, at) => `x-cert-later-${at}`)
    const lines = (all: readonly string[]) => all.flatMap((name) => [name, 'a'])
    expect(readHeaders(lines(names.slice(1)), undefined, inputOf(...names.slice(1))).later).toHaveLength(16)
    expect(refusalOf(() => readHeaders(lines(names), undefined, inputOf(...names)))).toEqual(
      refused('x-cert-later-16 is not sent by the edge'),
    )
  })

  it('requires printable ASCII of each', () => {
    const fields = readHeaders([two, 'a\xff'], undefined, inputOf(two))
    expect(refusalOf(() => requirePrintable(fields))).toEqual(refused(`${two} is empty or not printable ASCII`))
    expect(() => requirePrintable(readHeaders([two, 'a'], undefined, inputOf(two)))).not.toThrow()
  })
})

describe('the fact of the lines', () => {
  const factOfLines = (...headers: readonly string[]) => readHeaders(headers).linesFact

  it('is that of the values, whatever the token and the chain are', () => {
    const own = ['x-cert-subject-dn', 'CN=a', 'client-cert', ':aa:'] as const
    const fact = factOfLines(...own)
    expect(factOfLines(...own.slice(2), ...own.slice(0, 2), ACCESS_TOKEN_HEADER, 'b', 'client-cert-chain', 'c')).toBe(
      fact,
    )
    expect(factOfLines('x-cert-subject-dn', 'CN=b', ...own.slice(2))).not.toBe(fact)
    expect(factOfLines(...own, 'x-cert-ski', 'a')).not.toBe(fact)
  })

  it('is another one for a header whose value contains the line of the next one', () => {
    const two = readHeaders(['x-cert-presented', '1', 'x-cert-verify', 'SUCCESS'])
    const merged = readHeaders(['x-cert-presented', '1\n"x-cert-verify": SUCCESS'])
    expect(merged.certificateLines).toBe(two.certificateLines)
    expect(merged.linesFact).not.toBe(two.linesFact)
  })
})

describe('requirePrintable', () => {
  it.each([
    ['an empty value', ''],
    ['a tab', 'a\tb'],
    ['a NUL', 'a\0b'],
    ['a line break at its end', 'CN=a\n'],
    ['a carriage return', 'a\rb'],
    ['a delete character', 'a\x7f'],
    ['a latin1 letter', 'CN=Zo\xeb'],
    ['UTF-8 bytes as Node hands them over', 'CN=Zo\xc3\xab'],
    ['a no-break space', 'CN=a\xa0'],
  ])('refuses %s', (_what, value) => {
    for (const name of ['x-cert-subject-dn', 'client-cert', ACCESS_TOKEN_HEADER]) {
      expect(refusalOf(() => requirePrintable(readHeaders([name, value])))).toEqual(
        refused(`${name} is empty or not printable ASCII`),
      )
    }
  })

  it('accepts every printable ASCII character, and a value of one space', () => {
    const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at)).join('')
    for (const value of [printable, ' ']) {
      expect(() => requirePrintable(readHeaders(['x-cert-subject-dn', value]))).not.toThrow()
    }
  })

  it('names the header of the source', () => {
    const fields = readHeaders(['Cf-Cert-Serial', '0A\x7f'], HEADER_SOURCES['cf-cert'])
    expect(refusalOf(() => requirePrintable(fields))).toEqual(refused('cf-cert-serial is empty or not printable ASCII'))
  })

  it('can be asked about one field, which the request need not have', () => {
    const fields = readHeaders(['x-cert-subject-dn', 'a\tb', ACCESS_TOKEN_HEADER, 'c\td'])
    for (const name of ['x-cert-subject-dn', ACCESS_TOKEN_HEADER] as const) {
      expect(refusalOf(() => requirePrintableField(fields, name))).toEqual(
        refused(`${name} is empty or not printable ASCII`),
      )
    }
    fields.forgetToken()
    expect([fields.token, fields.names()]).toEqual([undefined, ['x-cert-subject-dn']])
    expect(() => requirePrintableField(fields, ACCESS_TOKEN_HEADER)).not.toThrow()
    const utf8 = readHeaders(['Cf-Cert-Subject-Dn', 'CN=Zo\xc3\xab'], HEADER_SOURCES['cf-cert'])
    expect(() => requirePrintableField(utf8, 'x-cert-subject-dn')).not.toThrow()
  })

  it('never repeats a value in its reason', () => {
    const { reason } = refusalOf(() => requirePrintable(readHeaders([ACCESS_TOKEN_HEADER, 'secret\xff'])))
    expect(reason).not.toContain('secret')
  })
})
