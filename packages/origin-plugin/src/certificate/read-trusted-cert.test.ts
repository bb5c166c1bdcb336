import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../test/support/expect-refusal.ts'
import { makeClientCert } from '../../test/support/make-client-cert.ts'
import { describeCert } from '../client-cert.ts'
import type { Revocation } from '../revocation/revocation.ts'
import { isTrustedNow, requireValidNow, type TrustedCert } from './read-trusted-cert.ts'

/** A list that names no certificate, and remembers which ones were looked up. */
function emptyList() {
  const asked: string[] = []
  const requireNotRevoked: Revocation['requireNotRevoked'] = ({ serialNumber }) => void asked.push(serialNumber)
  const health = () => ({ state: 'ok', name: 'an empty list' }) as const
  return {
    asked,
    list: { inherit: () => {}, list: undefined, requireNotRevoked, start: async () => {}, stop: () => {}, health },
  }
}

function trusted(serialNumber: string, ...lists: readonly Revocation[]): TrustedCert {
  const clientCert = makeClientCert({ serialNumber })
  const questions = lists.map((revocation) => ({ cert: clientCert, revocation }))
  const dates = { validFrom: 10_000, validTo: 20_000, trustedFrom: 10_000, trustedTo: 20_000 }
  return { clientCert, trustedIssuers: null, questions, ...dates }
}

describe('requireValidNow', () => {
  it('accepts every second from the first to the last, both included', () => {
    for (const now of [10, 15, 20]) expect(() => requireValidNow(trusted('0A1B'), now)).not.toThrow()
  })

  it('refuses a second before and a second after, and names the certificate', () => {
    const named = describeCert(makeClientCert())
    expect(refusalOf(() => requireValidNow(trusted('0A1B'), 9))).toEqual({
      code: 'CSN_CERT_EXPIRED',
      reason: `the certificate is not valid before Jan  1 00:00:00 2020 GMT (${named})`,
    })
    expect(refusalOf(() => requireValidNow(trusted('0A1B'), 21))).toEqual({
      code: 'CSN_CERT_EXPIRED',
      reason: `the certificate expired on Jan  1 00:00:00 2050 GMT (${named})`,
    })
  })

  it('looks the certificate up in the list of each issuer', () => {
    const [one, two] = [emptyList(), emptyList()]
    requireValidNow(trusted('0A1B', one.list, two.list), 15)
    expect([one.asked, two.asked]).toEqual([['0A1B'], ['0A1B']])
  })

  it('refuses a negative serial number if an issuer has a list, and only then', () => {
    expect(() => requireValidNow(trusted('-7B'), 15)).not.toThrow()
    const { asked, list } = emptyList()
    expect(refusalOf(() => requireValidNow(trusted('-7B', list), 15))).toEqual({
      code: 'CSN_CERT_UNREADABLE',
      reason: `the serial number is negative, so no revocation list can name it (${describeCert(makeClientCert({ serialNumber: '-7B' }))})`,
    })
    expect(asked).toEqual([])
  })
})

describe('isTrustedNow', () => {
  it('is true from the first second of the path to the last, both included', () => {
    const at = [9.999, 10, 15, 20, 20.001].map((now) => isTrustedNow(trusted('0A1B'), null, now))
    expect(at).toEqual([false, true, true, true, false])
  })

  it('is false after the trusted issuers have changed', () => {
    expect(isTrustedNow(trusted('0A1B'), [], 15)).toBe(false)
  })
})
