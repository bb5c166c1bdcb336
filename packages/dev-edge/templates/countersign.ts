import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CountersignPluginOptions } from '@countersign/origin-plugin'

/** The options of the plugin that differ between Cloudflare, the local edge and the tests. */
export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/**
 * Reads the proofs from the environment. `origin.env` has the values for Cloudflare, and `.countersign/origin.env` those
 * for the local edge. A missing variable throws, so the server does not start.
 */
export function readProofs(env: NodeJS.ProcessEnv): Proofs {
  const ca = readCa(env)
  const crl = env['CLIENT_CRL']
  return {
    edge: { keys: required(env, 'COUNTERSIGN_KEYS'), hosts: required(env, 'COUNTERSIGN_HOSTS') },
    access: readAccess(env),
    trustedIssuers: [crl ? { ca, revocation: { crl } } : ca],
  }
}

function readAccess(env: NodeJS.ProcessEnv): Proofs['access'] {
  const audience = required(env, 'ACCESS_AUDIENCE')
  if (env['ACCESS_TEAM']) return { team: env['ACCESS_TEAM'], audience }
  // The team of the local edge has its keys on this machine.
  return { issuer: required(env, 'ACCESS_ISSUER'), audience, jwksUri: required(env, 'ACCESS_JWKS_URI') }
}

/** The file is missing, for example, if only `origin.env` was copied to the machine of the server. */
function readCa(env: NodeJS.ProcessEnv): string {
  const path = resolve(required(env, 'CLIENT_CA'))
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new TypeError(
      `CLIENT_CA is ${path}, which cannot be read (${code}); write the path of the CA that signs the client certificates`,
    )
  }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name]
  if (value) return value
  throw new TypeError(
    `${name} is ${value === '' ? 'empty' : 'missing'}; start with node --env-file=origin.env, or --env-file=.countersign/origin.env, which countersign dev writes`,
  )
}
