import { readFileSync } from 'node:fs'
import type { CountersignPluginOptions, Requirement } from '@countersign/origin-plugin'

/** The flags that describe the origin's configuration. */
export interface OriginFlags {
  readonly edge: boolean
  readonly keys?: string
  readonly access: boolean
  readonly team?: string
  readonly issuer?: string
  readonly jwks?: string
  readonly audience?: string
  readonly anyIssuer?: boolean
  readonly ca?: readonly string[]
  readonly crl?: string
}

/**
 * Builds the options of the plugin from the flags.
 *
 * @throws TypeError that tells the user which flag to write. It quotes nothing of a file.
 */
export function pluginOptions(flags: OriginFlags): CountersignPluginOptions {
  return { edge: edgeOf(flags), access: accessOf(flags), trustedIssuers: issuersOf(flags) }
}

function edgeOf({ edge, keys }: OriginFlags): CountersignPluginOptions['edge'] {
  if (!edge) return null
  if (keys === undefined)
    throw new TypeError('write --keys FILE with what the origin has in COUNTERSIGN_KEYS, or --no-edge')
  return { keys: readJson(keys, '--keys') as NonNullable<CountersignPluginOptions['edge']>['keys'] }
}

function accessOf({ access, team, issuer, jwks, audience }: OriginFlags): CountersignPluginOptions['access'] {
  if (!access) return null
  if (audience !== undefined && team !== undefined) return { team, audience }
  if (audience !== undefined && issuer !== undefined && jwks !== undefined) {
    if (/^https?:/.test(jwks)) return { issuer, audience, jwksUri: jwks }
    return { issuer, audience, jwks: readJson(jwks, '--jwks') as { keys: [] } }
  }
  throw new TypeError('write --team and --audience, or --issuer, --jwks and --audience, or --no-access')
}

function issuersOf({ anyIssuer, ca, crl }: OriginFlags): CountersignPluginOptions['trustedIssuers'] {
  if (anyIssuer) return null
  const [first, ...others] = (ca ?? []).map((path) => readText(path, '--ca'))
  if (first === undefined)
    throw new TypeError('write --ca FILE with the CA that signs the client certificates, or --any-issuer')
  return [crl === undefined ? first : { ca: first, revocation: { crl } }, ...others]
}

/** Parses the requirement of a route. */
export function parseRequirement(json: string): Requirement {
  try {
    return JSON.parse(json) as Requirement
  } catch {
    throw new TypeError(`--requirement is no JSON: write true, or one such as '{"subject":{"OU":"Ops"}}'`)
  }
}

function readJson(path: string, flag: string): unknown {
  const text = readText(path, flag)
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes its input, and the input may be a key.
    throw new TypeError(`the file of ${flag} is no JSON`)
  }
}

function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new TypeError(`${flag} names no file that can be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
