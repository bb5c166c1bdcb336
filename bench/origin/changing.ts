import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import Fastify from 'fastify'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'

/** The row of the origin whose keys rotate and whose list reloads. */
export const CHANGING_NAME = 'Countersign, in full, while keys rotate and a CRL of 1,000,000 entries reloads'

/** A list of a million entries is 35 MB. */
const MAX_LIST_BYTES = 64 * 2 ** 20

/** The plugin in full, with everything from sources that change while it runs: see `Sample.changing`. */
export const CHANGING: Readonly<Record<string, Contender>> = {
  [CHANGING_NAME]: {
    checks: 'HMAC signature, token, certificate and its revocation, guard, replay in memory',
    load: 'hmac',
    built: true,
    async build({ access, clientCa, changing }, plugin) {
      if (!changing) throw new TypeError('sample.changing is missing; take the sample of startChanges()')
      const options: CountersignPluginOptions = {
        edge: { keys: { file: changing.keysFile }, refresh: 1, hosts: [AUTHORITY] },
        access: { ...access, requireKeysAtStart: true },
        trustedIssuers: [{ ca: clientCa, revocation: { crl: changing.crlFile, refresh: 2, maxBytes: MAX_LIST_BYTES } }],
      }
      const app = Fastify()
      await app.register(plugin, options)
      app.get('/', { config: { clientCert: { subject: { CN: 'client-0' } } } }, () => ({ ok: true }))
      return app
    },
  },
}
