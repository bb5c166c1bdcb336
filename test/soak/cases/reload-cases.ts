import { signAsWorker } from '@countersign/test-support/sign-as-worker'
import { type MakeCase, pick, SUBJECTS, signed } from './case.ts'

/** Requests whose outcome depends on the files with keys and CAs, and requests of routes in report mode. */
export const RELOAD_CASES: Readonly<Record<string, MakeCase>> = {
  'a key of the Worker that a rotation adds or removes': (kit) => {
    const { key } = pick(kit.material.turns)
    return {
      request: signAsWorker(signed(kit, 'alice'), key),
      sent: { edgeKey: String(key.kid), kid: kit.known().kid, body: JSON.stringify({ subject: SUBJECTS['alice'] }) },
    }
  },
  'a client of a CA that a rotation adds or removes': (kit) => {
    const at = pick([0, 1])
    return {
      request: signed(kit, `rotated-${at}`),
      sent: {
        ca: kit.material.turns[at]?.ca as string,
        kid: kit.known().kid,
        body: JSON.stringify({ subject: `CN=rotated-${at},O=Acme` }),
      },
    }
  },
  'a good request of a route in report mode': (kit) => ({
    request: signed(kit, 'bob', { target: '/reported' }),
    // An outage can take the identity, which the answer then lacks.
    sent: { refused: '200', body: [JSON.stringify({ subject: SUBJECTS['bob'] }), '{"subject":null}'] },
  }),
  'a forged signature on a route in report mode': (kit) => ({
    request: { ...signed(kit, 'alice'), target: '/reported' },
    sent: { refused: '200', body: '{"subject":null}' },
  }),
}
