import { randomBytes } from 'node:crypto'
import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { type Case, type Kit, type MakeCase, pick, SUBJECTS, signed } from './case.ts'

const invalid = (request: WireRequest): Case => ({ request, sent: { refused: 'CSN_SIGNATURE_INVALID' } })
const missing = (request: WireRequest): Case => ({ request, sent: { refused: 'CSN_SIGNATURE_MISSING' } })
const now = () => Math.floor(Date.now() / 1000)
const some = (kit: Kit) => signed(kit, pick(Object.keys(SUBJECTS)))

/** The secret of a foreign key, which signs under the Worker's key id. */
const FOREIGN = randomBytes(32).toString('base64url')

/** Requests with a missing, forged, stale, replayed or moved edge signature. */
export const SIGNATURE_CASES: Readonly<Record<string, MakeCase>> = {
  'no signature': (kit) =>
    missing(withHeader(withHeader(some(kit), 'signature', undefined), 'signature-input', undefined)),
  'a Signature-Input without a Signature': (kit) => missing(withHeader(some(kit), 'signature', undefined)),
  'a signature under another label': (kit) => {
    const request = some(kit)
    const renamed = String(headerOf(request, 'signature-input')).replace('countersign=', 'other=')
    return missing(withHeader(request, 'signature-input', renamed))
  },
  'no header at all': () => missing({ method: 'GET', target: '/alice', headers: ['Host', 'localhost'] }),
  'an unknown path without a signature': () =>
    missing({ method: 'GET', target: '/nothing/here', headers: ['Host', 'localhost'] }),
  'a forged signature': (kit) =>
    invalid(withHeader(some(kit), 'signature', `countersign=:${randomBytes(32).toString('base64')}:`)),
  'another key under the same id': (kit) => invalid(signAsWorker(some(kit), { ...kit.edgeKey(), k: FOREIGN } as never)),
  'an unknown key id': (kit) => invalid(signAsWorker(some(kit), kit.edgeKey(), { keyid: 'nobody' })),
  'the other algorithm': (kit) => invalid(signAsWorker(some(kit), kit.edgeKey(), { alg: 'ed25519' })),
  'a signature of the future': (kit) => invalid(signAsWorker(some(kit), kit.edgeKey(), { created: now() + 60 })),
  'a stale signature': (kit) => ({
    request: signAsWorker(some(kit), kit.edgeKey(), { created: now() - 120, expires: now() + 60 }),
    sent: { refused: 'CSN_SIGNATURE_EXPIRED' },
  }),
  'a signature after its own expiry': (kit) => ({
    request: signAsWorker(some(kit), kit.edgeKey(), { created: now() - 40, expires: now() - 20 }),
    sent: { refused: 'CSN_SIGNATURE_EXPIRED' },
  }),
  'a signature moved to another route': (kit) => invalid({ ...signed(kit, 'alice'), target: '/alice' }),
  'a signature moved to another query': (kit) => invalid({ ...some(kit), target: '/me?admin=1' }),
  'a signature moved to another method': (kit) => invalid({ ...some(kit), method: 'DELETE' }),
  'a signature moved to another host': (kit) => invalid(withHeader(some(kit), 'host', 'other.example')),
  'a changed subject': (kit) => invalid(withHeader(signed(kit, 'bob'), 'x-cert-subject-dn-2253', SUBJECTS['alice'])),
  'a removed header': (kit) => invalid(withHeader(some(kit), 'x-cert-serial', undefined)),
  'an added header': (kit) => invalid(withHeader(signed(kit, 'none'), 'x-cert-serial', '0A')),
  'a Signature-Input of 8 KB': (kit) =>
    invalid(withHeader(some(kit), 'signature-input', `countersign=(${'"a" '.repeat(2000)})`)),
  'two signatures under one label': (kit) => {
    const request = some(kit)
    const lines = headerLines(request).filter(([name]) => name.toLowerCase() === 'signature')
    return invalid(withLines(request, [...headerLines(request), ...lines]))
  },
  'a replay': (kit) => ({
    request: signed(kit, 'alice', { target: '/alice' }),
    sent: { kid: kit.known().kid, body: JSON.stringify({ subject: SUBJECTS['alice'] }) },
    twice: true,
  }),
  'a refused request again': (kit) => ({
    request: signed(kit, 'bob', { target: '/alice' }),
    sent: { kid: kit.known().kid, end: 'CSN_CERT_FORBIDDEN' },
    twice: true,
  }),
}
