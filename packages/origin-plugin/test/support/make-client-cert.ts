import type { FastifyRequest } from 'fastify'
import type { AccessIdentity } from '../../src/access-token/access-identity.ts'
import type { ClientCert } from '../../src/client-cert.ts'
import type { SubjectAltNames } from '../../src/x509/certificate-names.ts'
import { DistinguishedName } from '../../src/x509/distinguished-name.ts'

/** Deviations from the usual certificate. Names are text. */
export interface CertChanges extends Partial<Omit<ClientCert, 'subject' | 'issuer' | 'subjectAltNames'>> {
  readonly subject?: string
  readonly issuer?: string
  /** `null` for a certificate that was not forwarded. */
  readonly subjectAltNames?: Partial<SubjectAltNames> | null
}

/** The digest of the usual certificate's public key. */
export const USUAL_KEY: string = `${'Qk'.repeat(21)}A=`

/** Makes a proven certificate for guards and checks. */
export function makeClientCert({
  subject = 'CN=pay-1,OU=Ops,O=Acme',
  issuer = 'CN=Acme Issuing CA,O=Acme',
  subjectAltNames = {},
  ...changes
}: CertChanges = {}): ClientCert {
  return {
    subject: DistinguishedName.parse(subject),
    issuer: DistinguishedName.parse(issuer),
    serialNumber: '0A1B',
    fingerprint: Array(20).fill('AA').join(':'),
    fingerprint256: Array(32).fill('AB').join(':'),
    validFrom: 'Jan  1 00:00:00 2020 GMT',
    validFromDate: new Date('2020-01-01T00:00:00Z'),
    validTo: 'Jan  1 00:00:00 2050 GMT',
    validToDate: new Date('2050-01-01T00:00:00Z'),
    keyId: 'ABCD',
    issuerKeyId: '1234',
    verified: true,
    verification: 'SUCCESS',
    revoked: false,
    x509: undefined,
    chain: undefined,
    subjectAltName: undefined,
    subjectAltNames: subjectAltNames
      ? { dns: [], email: [], uri: [], ip: [], upn: [], unread: [], ...subjectAltNames }
      : undefined,
    spiffeId: undefined,
    spki256: subjectAltNames ? USUAL_KEY : undefined,
    extendedKeyUsage: subjectAltNames ? ['clientAuth'] : undefined,
    raw: {},
    ...changes,
  }
}

/** Makes the part of a request that a guard reads. */
export function makeRequest(access: AccessIdentity | null = null): FastifyRequest {
  return { access } as FastifyRequest
}
