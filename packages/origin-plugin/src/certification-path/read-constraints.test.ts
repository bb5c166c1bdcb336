import { type CertificateSpec, writeCertificate } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { readConstraints } from './read-constraints.ts'

const USAGE = '551d0f'
const PURPOSES = '551d25'

/** The constraints of a certificate with these extensions alone. */
const read = (...extensions: NonNullable<CertificateSpec['extensions']>) =>
  readConstraints(
    readCertificateParts(writeCertificate({ subject: 'a', basicConstraints: null, keyIds: false, extensions }).der),
  )

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
    const basic = { oid: '551d13', value: der(0x30, der(0x01, '\xff'), der(0x02, '\x03')) }
    expect(read(basic)).toMatchObject({ isCa: true, pathLength: 3 })
  })

  it('reads key usages and purposes', () => {
    const usage = (bits: string) => read({ oid: USAGE, value: der(0x03, bits) }).keyUsage
    expect([usage('\x02\x04'), usage('\x07\x80')]).toEqual([4, 0x80])
    const purposes = (...oids: string[]) =>
      read({ oid: PURPOSES, value: der(0x30, ...oids.map((oid) => der(0x06, Buffer.from(oid, 'hex')))) }).allowsClients
    expect(purposes('2b06010505070301', '2b06010505070302')).toBe(true)
    expect(purposes('2b06010505070301')).toBe(false)
    expect(() => purposes()).toThrow(new SyntaxError('the list of extended key usages is empty'))
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
})
