import { X509Certificate } from 'node:crypto'
import type { HeaderLine, WireRequest } from '@countersign/test-support/wire-request'
import { CERTIFICATE_HEADERS, encodeHeaderValue, type TlsClientAuth } from '@countersign/wire'
import type { WorkerSetting } from './vector.ts'

/** The certificate of CN=Zoë, and that of its issuer. The private keys were not kept. */
const LEAF =
  'MIIB2zCCAYGgAwIBAgIJAJNurL4H8gHfMAoGCCqGSM49BAMCMDsxCzAJBgNVBAYTAlVTMRMwEQYDVQQKDApBY21lLCBJbmMuMRcwFQYDVQQDDA5BY21lIENsaWVudCBDQTAeFw0yNjAxMDIwMzA0MDVaFw00NjAxMDEwMDAwMDBaMEQxCzAJBgNVBAYTAlVTMRMwEQYDVQQKDApBY21lLCBJbmMuMREwDwYDVQQLDAhQYXltZW50czENMAsGA1UEAwwEWm/DqzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFr3oae/aDP6tkWPR0MV4tW2FSbARkNKFxkZm/n9CUeyoN88TxXGRIW66CtES6lrWNkcdhYLf7Og9dbbXnZXDoSjZTBjMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFAUvNPqOFN00ldrsw9wgJk7P+XtFMB8GA1UdIwQYMBaAFDPDu6CUf4nqAEVzLky6HaO5kzO5MBMGA1UdJQQMMAoGCCsGAQUFBwMCMAoGCCqGSM49BAMCA0gAMEUCIQDgMr6OBTOvgYkqk/zmj3w13Z7XZo3XydZrxLOUJ1sQJgIgMS2R451jGJg/+J0bH+zv5rQb5i/e8Wj77TQG6eTESrk='
const CA =
  'MIIBwDCCAWagAwIBAgIJAkiQApNL3+o0MAoGCCqGSM49BAMCMDsxCzAJBgNVBAYTAlVTMRMwEQYDVQQKDApBY21lLCBJbmMuMRcwFQYDVQQDDA5BY21lIENsaWVudCBDQTAeFw0yNjAxMDIwMzA0MDVaFw00NjAxMDEwMDAwMDBaMDsxCzAJBgNVBAYTAlVTMRMwEQYDVQQKDApBY21lLCBJbmMuMRcwFQYDVQQDDA5BY21lIENsaWVudCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPoRHgqiDrVh2THc/kQCYp+z5STUs7zqYeKxFNBYASTLBGk25La6lUbmdQW6qSk2tozDGJ6rPJPC07cakv/vdPijUzBRMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFDPDu6CUf4nqAEVzLky6HaO5kzO5MB8GA1UdIwQYMBaAFDPDu6CUf4nqAEVzLky6HaO5kzO5MAoGCCqGSM49BAMCA0gAMEUCIHEUPSVfUFGfLX+B4uBGWeCq3bPPHOagWCUNtVfJtPIwAiEA9ns4Sn0xgJAZvwo8K4pxmNBP4gnOJ4PlA/pQ2i1T+r8='

const leaf = new X509Certificate(Buffer.from(LEAF, 'base64'))
const ca = new X509Certificate(Buffer.from(CA, 'base64'))
const hex = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase()

/** Cloudflare's description of a verified certificate, in its own formats. */
export const VERIFIED_CERT: TlsClientAuth = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certSubjectDN: 'CN=Zoë,OU=Payments,O=Acme\\, Inc.,C=US',
  certIssuerDN: 'CN=Acme Client CA,O=Acme\\, Inc.,C=US',
  certSubjectDNRFC2253: 'CN=Zo\\C3\\AB,OU=Payments,O=Acme\\, Inc.,C=US',
  certIssuerDNRFC2253: 'CN=Acme Client CA,O=Acme\\, Inc.,C=US',
  certSubjectDNLegacy: '/C=US/O=Acme, Inc./OU=Payments/CN=Zoë',
  certIssuerDNLegacy: '/C=US/O=Acme, Inc./CN=Acme Client CA',
  certSerial: `00${leaf.serialNumber}`,
  certIssuerSerial: ca.serialNumber,
  certSKI: '052F34FA8E14DD3495DAECC3DC20264ECFF97B45',
  certIssuerSKI: '33C3BBA0947F89EA0045732E4CBA1DA3B99333B9',
  certFingerprintSHA1: hex(leaf.fingerprint),
  certFingerprintSHA256: hex(leaf.fingerprint256),
  certNotBefore: leaf.validFrom,
  certNotAfter: leaf.validTo,
  certRFC9440: `:${LEAF}:`,
  certRFC9440TooLarge: false,
  certChainRFC9440: `:${CA}:`,
  certChainRFC9440TooLarge: false,
}

/** Cloudflare's placeholder for a client without a certificate. */
export const NO_CERT: TlsClientAuth = {
  ...Object.fromEntries(Object.keys(VERIFIED_CERT).map((field) => [field, ''])),
  certPresented: '0',
  certVerified: 'NONE',
  certRevoked: '0',
  certRFC9440TooLarge: false,
  certChainRFC9440TooLarge: false,
}

/** The text of an Access token. Its signature belongs to no key: the vectors cover it, and do not verify it. */
export const TOKEN =
  'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJhdWQiOlsiMSJdLCJzdWIiOiIyIn0.dGhlIHZlY3RvcnMgZG8gbm90IHZlcmlmeSBpdA'

/** A Worker with its defaults in front of a client with a good certificate. */
export const DEFAULT_WORKER: WorkerSetting = { forwardCert: 'leaf', names: 'all', tlsClientAuth: VERIFIED_CERT }

/** A Worker that sends the fewest headers, for vectors that differ elsewhere. */
const SMALLEST_WORKER: WorkerSetting = { forwardCert: 'none', names: 'rfc2253', tlsClientAuth: VERIFIED_CERT }

/** The names of the headers that a Worker with this setting omits. */
function omitted({ forwardCert, names }: WorkerSetting): string[] {
  return [
    ...(names === 'rfc2253'
      ? ['x-cert-subject-dn', 'x-cert-issuer-dn', 'x-cert-subject-dn-l', 'x-cert-issuer-dn-l']
      : []),
    ...(forwardCert === 'none' ? ['client-cert', 'x-cert-too-large'] : []),
    ...(forwardCert === 'chain' ? [] : ['client-cert-chain', 'x-cert-chain-too-large']),
  ]
}

const textOf = (value: string | boolean | undefined) => (value === true ? '1' : String(value || ''))
const spell = (name: string) => name.replace(/^x-cert.*$/, (all) => all.toUpperCase())

/** The certificate headers by docs/wire.md. A test compares them with those of the real Worker. */
export function certificateLines(worker: WorkerSetting): HeaderLine[] {
  const without = omitted(worker)
  return CERTIFICATE_HEADERS.filter(({ name }) => !without.includes(name)).flatMap(({ name, field, syntax }) => {
    const value = encodeHeaderValue(textOf(worker.tlsClientAuth[field]), syntax)
    return value === '' ? [] : [[spell(name), value] as const]
  })
}

/** An unsigned request with the headers of a Worker. `null` as token sends none. */
export function requestOf(
  worker: WorkerSetting = SMALLEST_WORKER,
  { method = 'GET', target = '/pay?x=1', host = 'app.example.com', token = TOKEN as string | null } = {},
): WireRequest {
  const lines: HeaderLine[] = [['Host', host]]
  if (token !== null) lines.push(['Cf-Access-Jwt-Assertion', token])
  return { method, target, headers: [...lines, ...certificateLines(worker)].flat() }
}

/** An unsigned request of a client with other findings of Cloudflare. */
export function requestWith(tlsClientAuth: Partial<TlsClientAuth>, forwardCert: WorkerSetting['forwardCert'] = 'none') {
  return requestOf({ ...SMALLEST_WORKER, forwardCert, tlsClientAuth: { ...VERIFIED_CERT, ...tlsClientAuth } })
}
