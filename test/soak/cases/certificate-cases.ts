import { headerOf, type WireRequest } from '@countersign/test-support/wire-request'
import { type Kit, type MakeCase, signed, type Variation } from './case.ts'

/** Requests with a valid edge signature and a certificate that does not give access. */
export const CERTIFICATE_CASES: Readonly<Record<string, MakeCase>> = {
  'the wrong subject': (kit) => ({
    request: signed(kit, 'bob', { target: '/alice' }),
    sent: { kid: kit.known().kid, end: 'CSN_CERT_FORBIDDEN' },
  }),
  'an unknown path': (kit) => ({
    request: signed(kit, 'alice', { target: '/nothing/here' }),
    sent: { kid: kit.known().kid, end: '404' },
  }),
  'no certificate': (kit) => faulty(kit, 'none', 'CSN_CERT_MISSING'),
  'a certificate that is not verified': (kit) => faulty(kit, 'otherCa', 'CSN_CERT_UNVERIFIED'),
  // Cloudflare verifies against every CA of the zone. The origin trusts only its own CA.
  'the name of alice by another CA': (kit) =>
    faulty(kit, 'otherCa', 'CSN_CERT_UNTRUSTED_ISSUER', { target: '/alice', headers: { 'x-cert-verify': 'SUCCESS' } }),
  'a certificate revoked at the edge': (kit) => faulty(kit, 'revoked', 'CSN_CERT_REVOKED'),
  'an expired certificate': (kit) => faulty(kit, 'expired', 'CSN_CERT_EXPIRED'),
  'the Client-Cert of another client': (kit) => {
    const cert = headerOf(kit.material.requests['bob'] as WireRequest, 'client-cert')
    return faulty(kit, 'alice', 'CSN_CERT_MISMATCH', { headers: { 'client-cert': cert } })
  },
  // The CA is given in PEM, so a certificate that does not come with the request proves nothing.
  'a certificate that is not forwarded': (kit) =>
    faulty(kit, 'alice', 'CSN_CERT_UNTRUSTED_ISSUER', { headers: { 'client-cert': undefined } }),
  'an ambiguous subject of a certificate that is not forwarded': (kit) =>
    faulty(kit, 'alice', 'CSN_CERT_UNREADABLE', {
      headers: { 'client-cert': undefined, 'x-cert-subject-dn-2253': 'uid=7,O=Acme' },
    }),
  'a date that is not a date': (kit) =>
    faulty(kit, 'alice', 'CSN_HEADERS_MALFORMED', { headers: { 'x-cert-notaf': 'tomorrow' } }),
  'a Client-Cert that is not a certificate': (kit) =>
    faulty(kit, 'alice', 'CSN_CERT_MISMATCH', { headers: { 'client-cert': `:${'MIIB'.repeat(300)}:` } }),
  'a subject of 4 KB': (kit) =>
    faulty(kit, 'alice', 'CSN_HEADERS_MALFORMED', {
      headers: { 'x-cert-subject-dn-2253': `CN=${'\\'.repeat(4001)}`, 'x-cert-subject-dn': `CN=${'\\'.repeat(4001)}` },
    }),
}

function faulty(kit: Kit, client: string, certFault: string, variation?: Variation): ReturnType<MakeCase> {
  return { request: signed(kit, client, variation), sent: { kid: kit.known().kid, certFault } }
}
