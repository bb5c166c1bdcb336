import type { WireRequest } from '@countersign/test-support/wire-request'
import { type MakeCase, pick, SUBJECTS, signed } from './case.ts'

/** Requests that the origin accepts. */
export const GOOD_CASES: Readonly<Record<string, MakeCase>> = {
  'any certificate': (kit) => {
    const client = pick(Object.keys(SUBJECTS))
    const { kid, tokens } = kit.known()
    return {
      request: signed(kit, client, { token: pick([tokens.user, tokens.service]) }),
      sent: { kid, body: bodyFor(SUBJECTS[client]) },
    }
  },
  'a guarded route': (kit) => ({
    request: signed(kit, 'alice', { target: '/alice' }),
    sent: { kid: kit.known().kid, body: bodyFor(SUBJECTS['alice']) },
  }),
  'a token that names the certificate': (kit) => {
    const { kid, tokens } = kit.known()
    return {
      request: signed(kit, 'alice', { token: tokens.certificate }),
      sent: { kid, body: bodyFor(SUBJECTS['alice']) },
    }
  },
  'a query and a body': (kit) => ({
    request: signed(kit, 'bob', { method: 'POST', target: '/me?page=2&of=%20' }),
    sent: { kid: kit.known().kid, body: bodyFor(SUBJECTS['bob']) },
    body: 'x'.repeat(500),
  }),
  'a token of the newest key': (kit) => {
    const { kid, tokens } = kit.current()
    return { request: signed(kit, 'rsa', { token: tokens.user }), sent: { kid, body: bodyFor(SUBJECTS['rsa']) } }
  },
  'a public route': () => ({
    request: { method: 'GET', target: '/healthz', headers: ['Host', 'localhost'] },
    sent: { refused: '200', body: '{"clientCert":null,"access":null}' },
  }),
  // A public route verifies nothing, so its handler must not see a certificate.
  'a public route with the headers of another client': ({ material }) => ({
    request: { ...(material.requests['alice'] as WireRequest), target: '/healthz' },
    sent: { refused: '200', body: '{"clientCert":null,"access":null}' },
  }),
  'a client that the CA may have revoked': (kit) => {
    const client = pick(kit.material.losable)
    return {
      request: signed(kit, client),
      sent: { kid: kit.known().kid, client, body: bodyFor(`CN=${client},O=Acme`) },
    }
  },
}

/** The answer of a route for this subject. */
function bodyFor(subject = ''): string {
  return JSON.stringify({ subject })
}
