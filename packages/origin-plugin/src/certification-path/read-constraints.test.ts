import { type CertificateSpec, writeCertificate } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readConstraints } from './read-constraints.ts'

const BASIC = '551d13'
const USAGE = '551d0f'
const PURPOSES = '551d25'
const TRUE = der(0x01, '\xff')

/** The constraints of a certificate with these extensions alone. */
const read = (...extensions: NonNullable<CertificateSpec['extensions']>) =>
  readConstraints(writeCertificate({ subject: 'a', basicConstraints: null, keyIds: false, extensions }).der)
const basic = (...parts: readonly Buffer[]) => read({ oid: BASIC, value: der(0x30, ...parts) })
const length = (...bytes: readonly number[]) => der(0x02, Buffer.from(bytes))

describe('readConstraints', () => {
  it('reads a certificate without extensions as that of a client for every use', () => {
    expect(read({ oid: '2a0304', value: der(0x05) })).toMatchObject({
      isCa: false,
      pathLength: Number.POSITIVE_INFINITY,
      keyUsage: 0xff,
      allowsClients: true,
      unenforced: [],
      unknown: [],
    })
  })

  it('reads basic constraints', () => {
    expect(basic()).toMatchObject({ isCa: false, pathLength: Number.POSITIVE_INFINITY })
    expect(basic(TRUE)).toMatchObject({ isCa: true, pathLength: Number.POSITIVE_INFINITY })
    expect(basic(der(0x01, '\0'))).toMatchObject({ isCa: false })
    expect(basic(TRUE, length(0))).toMatchObject({ isCa: true, pathLength: 0 })
    expect(basic(TRUE, length(0x7f))).toMatchObject({ pathLength: 127 })
    expect(basic(TRUE, length(1, 2))).toMatchObject({ pathLength: 258 })
    expect(basic(length(3))).toMatchObject({ isCa: false, pathLength: 3 })
  })

  it('refuses basic constraints of another form: a flag or a length that is not DER, or another part', () => {
    for (const parts of [
      [der(0x01)],
      [der(0x01, '\x01')],
      [der(0x01, '\xff\0')],
      [TRUE, length(0x80)],
      [TRUE, length(0, 0)],
      [TRUE, length()],
      [TRUE, length(1), length(1)],
      [TRUE, der(0x04, '\x01')],
      [TRUE, TRUE],
    ]) {
      expect(() => basic(...parts)).toThrow(new SyntaxError('the basic constraints have another form'))
    }
  })

  it('reads key usages and purposes', () => {
    const usage = (bits: string) => read({ oid: USAGE, value: der(0x03, bits) }).keyUsage
    expect([usage('\x02\x04'), usage('\x07\x80'), usage('\x07\x86\x80'), usage('\0')]).toEqual([4, 0x80, 0x86, 0])
    expect(usage('\x03\x0c')).toBe(8)
    for (const bits of ['\x08\x04', '']) expect(() => usage(bits)).toThrow('KeyUsage has another form')
    const purposes = (...oids: string[]) =>
      read({ oid: PURPOSES, value: der(0x30, ...oids.map((oid) => der(0x06, Buffer.from(oid, 'hex')))) }).allowsClients
    expect(purposes('2b06010505070301', '2b06010505070302')).toBe(true)
    expect(purposes('2b06010505070301')).toBe(false)
    expect(purposes()).toBe(false)
  })

  it('lists what it does not know if it is critical, and what it does not enforce in any case', () => {
    const odd = { oid: '2a0304', value: der(0x05) }
    expect(read({ ...odd, critical: true }, { ...odd, oid: '2a0305', critical: true }).unknown).toEqual([
      '1.2.3.4',
      '1.2.3.5',
    ])
    const names = { oid: '551d1e', value: der(0x30) }
    const policy = { oid: '551d24', critical: true, value: der(0x30) }
    expect(read(names, policy)).toMatchObject({ unenforced: ['name constraints', 'policy constraints'], unknown: [] })
  })

  it('reads the flag critical: every value but FALSE counts as TRUE', () => {
    const { der: bytes } = writeCertificate({
      subject: 'a',
      extensions: [{ oid: '2a0304', critical: true, value: der(0x05) }],
    })
    const at = bytes.indexOf(Buffer.from('06032a03040101', 'hex')) + 7
    const unknownWith = (flag: number) => {
      const changed = Buffer.from(bytes)
      changed[at] = flag
      return readConstraints(changed).unknown
    }
    expect([unknownWith(0xff), unknownWith(1), unknownWith(0)]).toEqual([['1.2.3.4'], ['1.2.3.4'], []])
  })

  it('refuses bytes behind the value of an extension', () => {
    for (const [oid, value] of [
      [BASIC, der(0x30)],
      [USAGE, der(0x03, '\x02\x04')],
      [PURPOSES, der(0x30)],
    ] as const) {
      expect(() => read({ oid, value: Buffer.concat([value, der(0x30, TRUE)]) })).toThrow(/^bytes follow the value of /)
    }
  })

  it('refuses a repeated extension', () => {
    const odd = { oid: '2a0304', value: der(0x05) }
    expect(() => read(odd, odd)).toThrow(new SyntaxError('the extension 1.2.3.4 is repeated'))
  })
})
