import { createCa, type IssuedCert, x509 } from '@countersign/test-support/certificates'
import { writeCaCert } from '@countersign/test-support/write-certificate'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ClientCert } from '../client-cert.ts'
import { generalNameOfUrl } from '../x509/extensions/distribution-points.ts'
import { createCoverage } from './coverage.ts'
import { type CrlScope, FULL_SCOPE } from './issuing-distribution-point.ts'

const ONE = 'http://ca.example/1.crl'
const TWO = 'http://ca.example/2.crl'
const scopeOf = (...points: string[]): CrlScope => ({ points: points.map(generalNameOfUrl), certificates: 'all' })
const [one, two, both] = [scopeOf(ONE), scopeOf(TWO), scopeOf(TWO, ONE)]
const casOf = (scope: CrlScope): CrlScope => ({ ...scope, certificates: 'cas' })
const usersOf = (scope: CrlScope): CrlScope => ({ ...scope, certificates: 'users' })

let named: IssuedCert
let bare: IssuedCert
let broken: IssuedCert
let authority: IssuedCert
let odd: IssuedCert
beforeAll(async () => {
  const ca = await createCa()
  named = await ca.issue({ extensions: [new x509.CRLDistributionPointsExtension([ONE])] })
  bare = await ca.issue()
  authority = await ca.issueCa({ extensions: [new x509.CRLDistributionPointsExtension([ONE])] })
  odd = await ca.issue({
    bare: true,
    extensions: [new x509.Extension('2.5.29.19', true, Buffer.from('3003010101', 'hex'))],
  })
  broken = await ca.issue({ extensions: [new x509.Extension('2.5.29.31', false, Buffer.from('0500', 'hex'))] })
})

/** A client certificate that counts the readings of its body. */
function clientOf(x509: IssuedCert['cert'] | undefined) {
  let reads = 0
  const cert = {
    get x509() {
      reads += 1
      return x509
    },
  } as ClientCert
  return { cert, reads: () => reads }
}

const NOT_NAMED = (url: string) =>
  `covers only certificates of the distribution point ${url}, which the certificate does not name; if it covers all of them, write revocation.distributionPoint`

describe('createCoverage', () => {
  const covers = createCoverage(undefined)

  it('covers every certificate with a list without a distribution point', () => {
    const { cert, reads } = clientOf(undefined)
    expect(covers(FULL_SCOPE, cert)).toBeUndefined()
    expect(createCoverage(ONE)(FULL_SCOPE, cert)).toBeUndefined()
    expect(reads()).toBe(0)
  })

  it('covers the certificates that name the same distribution point', () => {
    expect(covers(one, clientOf(named.cert).cert)).toBeUndefined()
    expect(covers(both, clientOf(named.cert).cert)).toBeUndefined()
  })

  it('does not cover certificates of another point, of none, and of an unreadable one', () => {
    expect(covers(two, clientOf(named.cert).cert)).toBe(NOT_NAMED(TWO))
    expect(covers(one, clientOf(bare.cert).cert)).toBe(NOT_NAMED(ONE))
    expect(covers(one, clientOf(broken.cert).cert)).toBe(NOT_NAMED(ONE))
  })

  it('does not cover a certificate whose body did not come along', () => {
    expect(covers(one, clientOf(undefined).cert)).toBe(
      `covers only certificates of the distribution point ${ONE}, and the request does not contain the certificate (Client-Cert) with its own; if it covers all of them, write revocation.distributionPoint`,
    )
  })

  it('covers every certificate with the point that the operator names, and with no other', () => {
    const complete = createCoverage(ONE)
    for (const { cert } of [clientOf(undefined), clientOf(bare.cert)]) {
      expect(complete(one, cert)).toBeUndefined()
      expect(complete(both, cert)).toBeUndefined()
      expect(complete(two, cert)).toContain(`the distribution point ${TWO}`)
    }
  })

  it('does not cover the certificate of a CA with a list of user certificates alone', () => {
    const reason =
      'contains only user certificates (onlyContainsUserCerts), and the certificate is that of a CA; write a list with the certificates of CAs too, or issue the client another certificate'
    const { cert } = clientOf(authority.cert)
    for (const scope of [FULL_SCOPE, one]) {
      expect(covers(scope, cert)).toBeUndefined()
      expect(covers(usersOf(scope), cert)).toBe(reason)
      expect(createCoverage(ONE)(usersOf(scope), cert)).toBe(reason)
    }
    expect(covers(usersOf(FULL_SCOPE), clientOf(bare.cert).cert)).toBeUndefined()
    expect(covers(usersOf(one), clientOf(named.cert).cert)).toBeUndefined()
    expect(covers(usersOf(two), clientOf(named.cert).cert)).toBe(NOT_NAMED(TWO))
    expect(covers(usersOf(FULL_SCOPE), clientOf(undefined).cert)).toBeUndefined()
  })

  it('covers only certificates of CAs with a list of CA certificates alone', () => {
    const reason =
      'contains only certificates of CAs (onlyContainsCACerts), and the certificate is not that of a CA; write a list with the certificates of clients too, or let a CA below this one issue it'
    const { cert } = clientOf(authority.cert)
    expect(covers(casOf(FULL_SCOPE), cert)).toBeUndefined()
    expect(covers(casOf(one), cert)).toBeUndefined()
    expect(covers(casOf(two), cert)).toBe(NOT_NAMED(TWO))
    expect(createCoverage(TWO)(casOf(two), cert)).toBeUndefined()
    for (const x509 of [named.cert, bare.cert, odd.cert, undefined]) {
      for (const scope of [FULL_SCOPE, one]) {
        expect(covers(casOf(scope), clientOf(x509).cert)).toBe(reason)
        expect(createCoverage(ONE)(casOf(scope), clientOf(x509).cert)).toBe(reason)
      }
    }
  })

  it('covers no certificate whose basic constraints cannot be read with a list of one kind', () => {
    expect(covers(FULL_SCOPE, clientOf(odd.cert).cert)).toBeUndefined()
    expect(covers(usersOf(FULL_SCOPE), clientOf(odd.cert).cert)).toContain('onlyContainsUserCerts')
  })

  it('takes a certificate with cA for that of a CA, also without keyCertSign', () => {
    const { cert } = writeCaCert('a', undefined, { keyUsage: ['digitalSignature'] })
    expect(cert.ca).toBe(false)
    expect(covers(usersOf(FULL_SCOPE), clientOf(cert).cert)).toContain('onlyContainsUserCerts')
    expect(covers(casOf(FULL_SCOPE), clientOf(cert).cert)).toBeUndefined()
  })

  it('reads the body of a certificate once for all its requests', () => {
    const { cert, reads } = clientOf(named.cert)
    for (let request = 0; request < 3; request += 1) expect(covers(one, cert)).toBeUndefined()
    expect(reads()).toBe(1)
    expect(covers(two, cert)).toBe(NOT_NAMED(TWO))
    expect(reads()).toBe(1)
  })
})
