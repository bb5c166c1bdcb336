import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import Fastify from 'fastify'
import type { Sample } from '../lib/sample.ts'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'

type Options = Partial<CountersignPluginOptions>

/**
 * Builds an origin with the plugin and a guard for alice.
 *
 * @param options - replace those that follow from the sample
 */
export function ours(options: (sample: Sample) => Options | Promise<Options> = () => ({})): Contender['build'] {
  return async (sample, plugin) => {
    const { keys, access, team, clientCa } = sample
    const all = { edge: { keys, hosts: [AUTHORITY] }, access: team ?? access, trustedIssuers: [clientCa] }
    const app = Fastify()
    await app.register(plugin, { ...all, ...(await options(sample)) } as CountersignPluginOptions)
    app.get('/', { config: { clientCert: { subject: { CN: 'alice', O: 'Acme' } } } }, () => ({ ok: true }))
    return app
  }
}
