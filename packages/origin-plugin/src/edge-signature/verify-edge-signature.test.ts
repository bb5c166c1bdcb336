import { createCa } from '@countersign/test-support/certificates'
import { type EdgeKeyPair, ed25519Key, hmacKey } from '@countersign/test-support/edge-key-pair'
import type { SignatureOverrides } from '@countersign/test-support/sign-as-worker'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { formatComponents } from '@countersign/wire'
import { beforeAll, describe, expect, it } from 'vitest'
import { AUTHORITY, appendSignature } from '../../test/support/edge-lines.ts'
import { refusedWith } from '../../test/support/expect-refusal.ts'
import { certificateLines, edgeFieldsOf, noCertificateLines, tokenLine } from '../../test/support/header-lines.ts'
import { importEdgeKeys } from './edge-keys.ts'
import { verifyEdgeSignature } from './verify-edge-signature.ts'

const NOW = 1_800_000_000
const LIFETIME = { maxAge: 60, clockTolerance: 5, hosts: null as ReadonlySet<string> | null }
const hmac = hmacKey('h')
const ed = ed25519Key('e')
const KEYS = importEdgeKeys([hmac.jwk, ed.jwk])
const NOT_THE_SAME = `the signature does not verify for GET ${AUTHORITY}/`
const unknown = (keyid: string, known: string) => invalid(`the keyid "${keyid}" is not one of edge.keys: ${known}`)
const FUTURE = "s in the future; compare the origin's clock with Cloudflare's"

let lines: readonly HeaderLine[]
beforeAll(async () => {
  lines = [tokenLine('a.b.c'), ...certificateLines(await (await createCa()).issue())]
})

interface Received {
  readonly target?: { authority?: string; method?: string; path?: string; query?: string }
  readonly keys?: ReturnType<typeof importEdgeKeys>
  readonly lifetime?: typeof LIFETIME
  readonly now?: number
}

function verify(
  received: readonly HeaderLine[],
  { target, keys = KEYS, lifetime = LIFETIME, now = NOW }: Received = {},
) {
  const joined = (name: string) => {
    const values = received.filter((line) => line[0] === name).map((line) => line[1])
    return values.length > 0 ? values.join(', ') : undefined
  }
  return verifyEdgeSignature(
    {
      fields: edgeFieldsOf(received.filter(([name]) => !name.startsWith('Signature'))),
      target: { authority: AUTHORITY, method: 'GET', path: '/', query: '?', ...target },
      signatureInput: joined('Signature-Input'),
      signature: joined('Signature'),
    },
    keys,
    lifetime,
    now,
  )
}

const signed = ({ key = hmac, ...overrides }: SignatureOverrides & { readonly key?: EdgeKeyPair } = {}) =>
  appendSignature(lines, key, { created: NOW, ...overrides })
const change = (name: string, to: (value: string) => string | undefined, all: readonly HeaderLine[]): HeaderLine[] =>
  all.flatMap((line) => {
    if (line[0] !== name) return [line]
    const value = to(line[1])
    return value === undefined ? [] : [[name, value] as const]
  })

const invalid = (reason: string | RegExp) => refusedWith('CSN_SIGNATURE_INVALID', reason)
const missing = (reason: string) => refusedWith('CSN_SIGNATURE_MISSING', reason)

describe.each([
  ['HMAC', hmac],
  ['Ed25519', ed],
])('verifyEdgeSignature with %s', (_, key) => {
  it('accepts a request that the edge signed, and returns the parameters', () => {
    const nonce = 'AAAAAAAAAAAAAAAAAAAAAA'
    const { stableLines, parameters } = verify(signed({ key, nonce }))
    expect(parameters).toEqual({ created: NOW, expires: NOW + 60, nonce, keyid: key.kid, alg: key.alg })
    expect(stableLines.components).toBe(formatComponents(lines.map(([name]) => name)))
  })

  it('accepts a client without a certificate, with a token or without', () => {
    for (const few of [noCertificateLines(), [tokenLine('t'), ...noCertificateLines()]]) {
      expect(() => verify(appendSignature(few, key, { created: NOW }))).not.toThrow()
    }
  })

  it('accepts headers of a later release, and refuses another value or one less', () => {
    const later: HeaderLine[] = [
      ['x-cert-zone', 'z'],
      ['x-cert-account', 'a'],
    ]
    const names = [...lines, ...later].map(([name]) => name)
    const all = appendSignature([...lines, ...later], key, { created: NOW, fields: () => names })
    expect(verify(all).stableLines.components).toBe(formatComponents(names))
    expect(verify(all).stableLines.certificateLines).toMatch(/\n"x-cert-zone": z\n"x-cert-account": a\n$/)
    expect(() => verify(change('x-cert-account', () => 'b', all))).toThrow(invalid(NOT_THE_SAME))
    expect(() => verify(change('x-cert-zone', () => undefined, all))).toThrow(
      invalid('the signature does not cover exactly the headers of the request: x-cert-zone'),
    )
  })

  it('refuses another value of any header', () => {
    for (const [name] of lines) {
      const changed = change(name, (value) => `${value} `, signed({ key }))
      expect(() => verify(changed), name).toThrow(invalid(NOT_THE_SAME))
    }
  })

  it('refuses a request without any one of its headers', () => {
    for (const [name] of lines) {
      const cut = change(name, () => undefined, signed({ key }))
      expect(() => verify(cut), name).toThrow(
        invalid(`the signature does not cover exactly the headers of the request: ${name.toLowerCase()}`),
      )
    }
  })

  it('refuses a header that is not covered, wherever it belongs', () => {
    for (const [name] of lines.slice(1)) {
      const without = lines.filter((line) => line[0] !== name)
      const added = [...appendSignature(without, key, { created: NOW }), [name, 'x'] as const]
      expect(() => verify(added), name).toThrow(invalid(/^the signature does not cover /))
    }
    const withoutToken = appendSignature(lines.slice(1), key, { created: NOW })
    expect(() => verify([tokenLine('stolen'), ...withoutToken])).toThrow(
      invalid('the signature does not cover exactly the headers of the request: cf-access-jwt-assertion'),
    )
    const chain = [...signed({ key }), ['client-cert-chain', ':AAAA:'] as const]
    expect(() => verify(chain)).toThrow(
      invalid('the signature does not cover exactly the headers of the request: client-cert-chain'),
    )
  })

  it.each(['x-cert-presented', 'x-cert-verify', 'x-cert-revoked'])('refuses a signature that omits %s', (name) => {
    const omitted = signed({ key, fields: (carried) => carried.filter((each) => each !== name) })
    expect(() => verify(omitted)).toThrow(invalid(`the signature does not cover ${name}`))
    expect(() => verify(change(name, () => undefined, omitted))).toThrow(
      invalid(`the signature does not cover ${name}`),
    )
  })

  it('refuses a signature over no header at all, on a request without any', () => {
    expect(() => verify(appendSignature([], key, { created: NOW }))).toThrow(
      invalid('the signature does not cover x-cert-presented'),
    )
  })

  it('refuses covered fields in another order', () => {
    const swapped = signed({ key, fields: ([first = '', second = '', ...rest]) => [second, first, ...rest] })
    expect(() => verify(swapped)).toThrow(invalid(/unknown, repeated, parameterised or out of order/))
  })

  it('refuses another target', () => {
    for (const [target, shown] of [
      [{ authority: 'evil.example' }, 'GET evil.example/'],
      [{ authority: `${AUTHORITY}:8443` }, `GET ${AUTHORITY}:8443/`],
      [{ method: 'POST' }, `POST ${AUTHORITY}/`],
      [{ method: 'get' }, `get ${AUTHORITY}/`],
      [{ path: '/admin' }, `GET ${AUTHORITY}/admin`],
      [{ path: '//' }, `GET ${AUTHORITY}//`],
      [{ query: '?token=secret' }, `GET ${AUTHORITY}/?…`],
      [{ query: '' }, `GET ${AUTHORITY}/?…`],
    ] as const) {
      expect(() => verify(signed({ key }), { target }), shown).toThrow(
        invalid(`the signature does not verify for ${shown}`),
      )
    }
  })

  it('refuses parameters that were changed after signing', () => {
    const edits: [RegExp, string][] = [
      [/created=\d+/, `created=${NOW + 1}`],
      [/expires=\d+/, `expires=${NOW + 600}`],
      [/nonce="[^"]+"/, 'nonce="BBBBBBBBBBBBBBBBBBBBBB"'],
    ]
    for (const [pattern, text] of edits) {
      const edited = change('Signature-Input', (value) => value.replace(pattern, text), signed({ key }))
      expect(() => verify(edited), text).toThrow(invalid(NOT_THE_SAME))
    }
  })

  it('refuses parameters outside of the profile, though they were signed', () => {
    const edits: ((member: string) => string)[] = [
      (member) => member.replace(';tag="countersign"', ''),
      (member) => member.replace('tag="countersign"', 'tag="other"'),
      (member) => member.replace(/;nonce="[^"]+"/, ''),
      (member) => member.replace(/;created=\d+/, ''),
      (member) => member.replace(/;expires=\d+/, ''),
      (member) => member.replace(/;alg="[^"]+"/, ''),
      (member) => member.replace(/alg="[^"]+"/, 'alg="none"'),
      (member) => member.replace(/(;created=\d+)(;expires=\d+)/, '$2$1'),
      (member) => `${member};x=1`,
      (member) => member.replace('"x-cert-verify"', '"x-cert-verify";sf'),
      (member) => member.replace('"@authority" ', ''),
      (member) => member.replace(' "@query"', ''),
      (member) => member.replace('"@method"', '"@method";req'),
      (member) => member.replace('"x-cert-verify" ', '"x-cert-verify" "x-cert-verify" '),
      (member) => member.replace('"x-cert-verify" ', '"x-cert-verify" "host" '),
    ]
    for (const input of edits) {
      const other = signed({ key, input })
      expect(() => verify(other), input.toString()).toThrow(
        invalid(/^the signature (covers|does not cover|parameters)/),
      )
    }
  })

  it('refuses any other spelling of the same bytes', () => {
    const lines = signed({ key })
    const spare = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const accepted = [...spare].filter((letter) => {
      const respelled = change('Signature', (value) => value.replace(/.(?==+:$)/, letter), lines)
      try {
        verify(respelled)
        return true
      } catch (error) {
        expect(error).toMatchObject({ code: 'CSN_SIGNATURE_INVALID' })
        return false
      }
    })
    expect(accepted).toHaveLength(1)
  })

  it('refuses any other bytes as signature', () => {
    for (let bit = 0; bit < 256; bit += 13) {
      const flipped = signed({
        key,
        signature: (bytes) => {
          const changed = Buffer.from(bytes)
          changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
          return changed
        },
      })
      expect(() => verify(flipped)).toThrow(invalid(NOT_THE_SAME))
    }
    for (const length of [32, 64]) {
      expect(() => verify(signed({ key, signature: () => Buffer.alloc(length) }))).toThrow(invalid(NOT_THE_SAME))
    }
    const format = 'the signature is not 32 or 64 bytes in base64 between colons'
    for (const length of [0, 16, 31, 33, 63, 65, 128]) {
      expect(() => verify(signed({ key, signature: () => Buffer.alloc(length) }))).toThrow(
        length === 0 ? invalid(/./) : invalid(format),
      )
    }
    for (const text of ['"AAAA"', 'AAAA', ':A A:', ':AAAA', '?1']) {
      const other = change('Signature', () => `countersign=${text}`, signed({ key }))
      expect(() => verify(other), text).toThrow(invalid(format))
    }
  })

  it('refuses a header that looks like two in the base', () => {
    // A careless base would read this as the end of one line and the beginning of the next.
    const base = signed({ key, base: (text) => text.replace('"x-cert-verify": SUCCESS', '"x-cert-verify": FAILED') })
    expect(() => verify(base)).toThrow(invalid(NOT_THE_SAME))
  })
})

describe('verifyEdgeSignature: which key', () => {
  it('refuses a key id that is not known', () => {
    for (const keyid of ['x', 'H', 'constructor', '__proto__']) {
      expect(() => verify(signed({ keyid })), keyid).toThrow(unknown(keyid, '"h", "e"'))
    }
  })

  it('refuses the signature of another key with the same id', () => {
    for (const key of [hmacKey('h'), ed25519Key('e')]) {
      expect(() => verify(signed({ key }))).toThrow(invalid(NOT_THE_SAME))
    }
  })

  it('refuses a signature of one key under the id of another', () => {
    expect(() => verify(signed({ key: hmac, keyid: 'e', alg: 'ed25519' }))).toThrow(invalid(NOT_THE_SAME))
    expect(() => verify(signed({ key: ed, keyid: 'h', alg: 'hmac-sha256' }))).toThrow(invalid(NOT_THE_SAME))
  })

  it('refuses an alg that is not the key’s', () => {
    expect(() => verify(signed({ key: hmac, alg: 'ed25519' }))).toThrow(
      invalid('the alg ed25519 is not that of the key "h", hmac-sha256'),
    )
    expect(() => verify(signed({ key: ed, alg: 'hmac-sha256' }))).toThrow(
      invalid('the alg hmac-sha256 is not that of the key "e", ed25519'),
    )
  })

  it('refuses an HMAC made with the bytes of the Ed25519 public key, which an attacker may know', () => {
    const forged = hmacKey('e', Buffer.from(ed.jwk.x as string, 'base64url'))
    expect(() => verify(signed({ key: forged }))).toThrow(
      invalid('the alg hmac-sha256 is not that of the key "e", ed25519'),
    )
    expect(() => verify(signed({ key: forged, alg: 'ed25519' }))).toThrow(invalid(NOT_THE_SAME))
    const text = hmacKey('e', Buffer.from(ed.jwk.x as string))
    expect(() => verify(signed({ key: text, alg: 'ed25519' }))).toThrow(invalid(NOT_THE_SAME))
  })

  it('accepts old and new key during a rotation, and only the new one after it', () => {
    const old = hmacKey('2026-10')
    const young = hmacKey('2026-11')
    const both = importEdgeKeys([old.jwk, young.jwk])
    for (const key of [old, young]) expect(() => verify(signed({ key }), { keys: both })).not.toThrow()
    const after = importEdgeKeys(young.jwk)
    expect(() => verify(signed({ key: young }), { keys: after })).not.toThrow()
    expect(() => verify(signed({ key: old }), { keys: after })).toThrow(unknown('2026-10', '"2026-11"'))
  })
})

describe('verifyEdgeSignature: the target in a reason', () => {
  it('is cut at 80 characters of host and path', () => {
    const authority = 'a'.repeat(81)
    const shown = `GET ${'a'.repeat(80)}…/${'p'.repeat(79)}`
    const signature = signed({ keyid: 'e', alg: 'ed25519' })
    const at = (path: string) => () => verify(signature, { target: { authority, path } })
    expect(at(`/${'p'.repeat(79)}`)).toThrow(invalid(`the signature does not verify for ${shown}`))
    expect(at(`/${'p'.repeat(80)}`)).toThrow(invalid(`the signature does not verify for ${shown}…`))
  })

  it('has the own hosts beside it, if a proxy wrote another one', () => {
    const lifetime = { ...LIFETIME, hosts: new Set([AUTHORITY, 'b.example']) }
    const target = { authority: 'internal.platform:3000' }
    expect(() => verify(signed(), { target, lifetime })).toThrow(
      invalid(
        `the signature does not verify for GET internal.platform:3000/, and edge.hosts is ${AUTHORITY}, b.example; a proxy may write its own Host`,
      ),
    )
    expect(() => verify(signed({ key: hmacKey('h') }), { lifetime })).toThrow(invalid(NOT_THE_SAME))
    expect(() => verify(signed(), { lifetime })).not.toThrow()
  })

  it('is not cut at 80', () => {
    const authority = 'a'.repeat(80)
    expect(() => verify(signed(), { target: { authority } })).toThrow(
      invalid(`the signature does not verify for GET ${authority}/`),
    )
  })
})

describe('verifyEdgeSignature: which member', () => {
  it('names the missing header', () => {
    const none = (name: string) => change(name, () => undefined, signed())
    expect(() => verify(none('Signature-Input'))).toThrow(missing('Signature-Input is missing'))
    expect(() => verify(none('Signature'))).toThrow(missing('Signature is missing'))
  })

  it('does not accept the signature of another label', () => {
    const other = (name: string) => change(name, (value) => value.replace('countersign=', 'sig1='), signed())
    expect(() => verify(other('Signature-Input'))).toThrow(
      missing('Signature-Input does not contain the member countersign'),
    )
    expect(() => verify(other('Signature'))).toThrow(missing('Signature does not contain the member countersign'))
  })

  it('finds its own among signatures of others, on one line or several', () => {
    const input: HeaderLine = ['Signature-Input', 'sig1=("@method" "a,b");created=1;tag="countersign=(),"']
    const signature: HeaderLine = ['Signature', 'sig1=:AAAA:']
    expect(() => verify([input, signature, ...signed()])).not.toThrow()
    expect(() => verify([...signed(), input, signature])).not.toThrow()
  })

  it('refuses its label twice, because two readers could choose different ones', () => {
    for (const name of ['Signature-Input', 'Signature']) {
      const twice = change(name, (value) => `${value}, ${value}`, signed())
      expect(() => verify(twice)).toThrow(invalid(`${name} contains several members countersign`))
    }
  })

  it.each(['', ' ', 'countersign', 'countersign=', 'Countersign=()', 'countersign=(', 'a=1,,b=2', '=1', '"', 'a=1,'])(
    'refuses %j as a dictionary',
    (text) => {
      for (const name of ['Signature-Input', 'Signature']) {
        expect(() => verify(change(name, () => text, signed()))).toThrow(invalid(/./))
      }
    },
  )
})

describe('verifyEdgeSignature: how old', () => {
  const expired = (age: number) =>
    refusedWith(
      'CSN_SIGNATURE_EXPIRED',
      `the signature is ${age} s old; the request was delayed or captured, or the origin's clock is ahead of Cloudflare's`,
    )

  it('accepts until maxAge and the tolerance are over, to the second', () => {
    const at = (now: number) => () => verify(signed({ expires: NOW + 1000 }), { now })
    expect(at(NOW + 65)).not.toThrow()
    expect(at(NOW + 65.001)).toThrow(expired(65))
  })

  it('accepts until the signature’s own expiry if that is earlier', () => {
    const at = (now: number) => () => verify(signed({ expires: NOW + 10 }), { now })
    expect(at(NOW + 15)).not.toThrow()
    expect(at(NOW + 15.001)).toThrow(expired(15))
  })

  it('accepts a clock that is late by the tolerance, and no more', () => {
    const at = (now: number) => () => verify(signed(), { now })
    expect(at(NOW - 5)).not.toThrow()
    expect(at(NOW - 5.001)).toThrow(invalid(`created is 6 ${FUTURE}`))
    expect(at(NOW - 40)).toThrow(invalid(`created is 40 ${FUTURE}`))
  })

  it('has no tolerance if it is 0', () => {
    const lifetime = { ...LIFETIME, maxAge: 1, clockTolerance: 0 }
    const at = (now: number) => () => verify(signed(), { now, lifetime })
    expect(at(NOW)).not.toThrow()
    expect(at(NOW + 1)).not.toThrow()
    expect(at(NOW + 1.001)).toThrow(expired(1))
    expect(at(NOW - 0.001)).toThrow(invalid(`created is 1 ${FUTURE}`))
  })

  it('reports "expired" for authentic signatures only', () => {
    const stale = signed({ created: NOW - 1000 })
    expect(() => verify(stale)).toThrow(expired(1000))
    const forged = change('x-cert-serial', () => 'FF', stale)
    expect(() => verify(forged)).toThrow(invalid(NOT_THE_SAME))
    expect(() => verify(signed({ created: NOW - 1000, keyid: 'x' }))).toThrow(unknown('x', '"h", "e"'))
  })
})
