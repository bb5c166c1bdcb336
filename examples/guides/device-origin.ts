import countersign, { type CountersignPluginOptions, clientUserOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'

/** A device of the registry. With `interface ClientUser` in `declare module 'fastify'`, no conversion is needed below. */
export interface Device {
  readonly id: string
  readonly roles: readonly string[]
}

/** The options of an origin of devices: no Access, and a list of revoked certificates. */
export type DeviceProofs = Pick<CountersignPluginOptions, 'edge' | 'trustedIssuers'>

/**
 * An origin of devices that have a certificate and no login.
 *
 * @param registry - devices by the SHA-256 fingerprint of their certificate
 * @param maintainers - fingerprints of the devices that may install firmware
 */
export async function buildDeviceOrigin(
  proofs: DeviceProofs,
  registry: ReadonlyMap<string, Device>,
  maintainers: readonly string[],
): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, {
    ...proofs,
    access: null,
    identify: { user: async ({ fingerprint256 }) => registry.get(fingerprint256) ?? null, maxUsers: 100_000 },
    policies: { maintainers: { fingerprint256: maintainers } },
  })

  const deviceOf = (request: FastifyRequest) => (clientUserOf(request) as Device).id
  app.post('/readings', (request) => ({ device: deviceOf(request) }))
  app.post('/firmware', { config: { clientCert: 'maintainers' } }, (request) => ({ device: deviceOf(request) }))
  return app
}
