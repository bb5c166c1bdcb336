import { readFileSync } from 'node:fs'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** The options that differ between a laptop and production: the edge's keys, the Access application, the CAs. */
export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

export interface CountersignFileOptions {
  /** Those of the tests, in place of the environment. */
  readonly proofs?: Proofs
}

// With fastify-plugin, the scope of the plugin is that of the application. Other files depend on it by its name.
export default fp(registerCountersign, { name: 'countersign' })

async function registerCountersign(app: FastifyInstance, options: CountersignFileOptions): Promise<void> {
  await app.register(countersign, {
    ...(options.proofs ?? readProofs(process.env)),
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
    // Browsers send preflights without a certificate. The file cors.ts answers them.
    routes: [{ method: 'OPTIONS', url: '*', clientCert: false }],
  })
}

/** Reads the options from the environment: from the file of `countersign dev`, or from the variables of production. */
function readProofs(env: NodeJS.ProcessEnv): Proofs {
  const required = (name: string) => {
    const value = env[name]
    if (!value) throw new TypeError(`${name} is missing; examples/autoload/README.md describes its value`)
    return value
  }
  return {
    edge: { keys: required('COUNTERSIGN_KEYS'), hosts: required('COUNTERSIGN_HOSTS') },
    access: {
      issuer: required('ACCESS_ISSUER'),
      audience: required('ACCESS_AUDIENCE'),
      jwksUri: required('ACCESS_JWKS_URI'),
    },
    trustedIssuers: [{ ca: readFileSync(required('CLIENT_CA'), 'utf8'), revocation: { crl: required('CLIENT_CRL') } }],
  }
}
