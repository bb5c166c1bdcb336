import { readFileSync } from 'node:fs'
import type { CountersignPluginOptions } from '@countersign/origin-plugin'

/** The options of the plugin that differ between Cloudflare, the local edge and the tests. */
export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/**
 * Reads the proofs from the environment. `origin.env` has the values for Cloudflare, and `.countersign/origin.env` those
 * for the local edge. A missing variable throws, so the server does not start.
 */
export function readProofs(env: NodeJS.ProcessEnv): Proofs {
  const ca = readFileSync(required(env, 'CLIENT_CA'), 'utf8')
  const crl = env['CLIENT_CRL']
  return {
    edge: { keys: required(env, 'COUNTERSIGN_KEYS'), hosts: required(env, 'COUNTERSIGN_HOSTS') },
    // This hostname has no Access application: the signature of the Worker is the whole proof.
    access: null,
    trustedIssuers: [crl ? { ca, revocation: { crl } } : ca],
  }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value) return value
  throw new TypeError(
    `${name} is missing; start with node --env-file=origin.env, or --env-file=.countersign/origin.env`,
  )
}
