import type { CountersignPluginOptions, HeaderSourceName, Mode, Requirement } from '@countersign/origin-plugin'
import { readFlagJson, readFlagText } from './read-flag-text.ts'
import { readKeys } from './read-keys.ts'

/** The flags that describe the origin's configuration. */
export interface OriginFlags {
  readonly source?: HeaderSourceName
  readonly edge: boolean
  readonly keys?: string
  readonly host?: readonly string[]
  readonly anyHost?: boolean
  readonly access: boolean
  readonly team?: string
  readonly issuer?: string
  readonly jwks?: string
  readonly audience?: readonly string[]
  readonly anyIssuer?: boolean
  readonly ca?: readonly string[]
  readonly byName?: boolean
  readonly crl?: string
  readonly chain?: number
  readonly maxAge?: number
  readonly clockTolerance?: number
  readonly accessClockTolerance?: number
  readonly policies?: string
  readonly mode?: Mode
}

/**
 * Builds the options of the plugin from the flags.
 *
 * @throws TypeError that tells the user which flag to write. It quotes nothing of a file.
 */
export function pluginOptions(flags: OriginFlags): CountersignPluginOptions {
  const { source, policies, mode } = flags
  if (source !== undefined && source !== 'worker' && flags.edge)
    throw new TypeError(
      `--no-edge is missing; write it next to --source ${source}, because only the Worker signs requests`,
    )
  return {
    ...(source !== undefined && { source }),
    edge: edgeOf(flags),
    access: accessOf(flags),
    trustedIssuers: issuersOf(flags),
    ...(policies !== undefined && { policies: readPolicies(policies) }),
    ...(mode !== undefined && { mode }),
  }
}

function edgeOf({ edge, keys, host, anyHost, maxAge, clockTolerance }: OriginFlags): CountersignPluginOptions['edge'] {
  if (!edge) return null
  if (keys === undefined) throw new TypeError('--keys is missing; write --keys COUNTERSIGN_KEYS, or --no-edge')
  if (host === undefined && !anyHost)
    throw new TypeError('--host is missing; write --host NAME for each host in edge.hosts, or --any-host')
  return {
    keys: readKeys(keys, '--keys'),
    hosts: host ?? null,
    ...(maxAge !== undefined && { maxAge }),
    ...(clockTolerance !== undefined && { clockTolerance }),
  }
}

function accessOf(flags: OriginFlags): CountersignPluginOptions['access'] {
  const { access, team, issuer, jwks, accessClockTolerance: clockTolerance } = flags
  if (!access) return null
  const audience = flags.audience?.length === 1 ? flags.audience[0] : flags.audience
  const tolerance = clockTolerance === undefined ? {} : { clockTolerance }
  if (audience !== undefined && team !== undefined) return { team, audience, ...tolerance }
  if (audience !== undefined && issuer !== undefined && jwks !== undefined) {
    if (/^https?:/.test(jwks)) return { issuer, audience, jwksUri: jwks, ...tolerance }
    return { issuer, audience, jwks: readFlagJson(jwks, '--jwks') as { keys: [] }, ...tolerance }
  }
  throw new TypeError(
    'the Access application is missing; write --team and --audience, or --issuer, --jwks and --audience, or --no-access',
  )
}

function issuersOf({ anyIssuer, ca, byName, crl, chain }: OriginFlags): CountersignPluginOptions['trustedIssuers'] {
  if (anyIssuer) return null
  const [first, ...others] = (ca ?? []).map((path) => readFlagText(path, '--ca'))
  if (first === undefined)
    throw new TypeError(
      '--ca is missing; write --ca FILE with the CA that signs the client certificates, or --any-issuer',
    )
  const ofFirst = {
    ...(crl !== undefined && { revocation: { crl } }),
    ...(chain !== undefined && { chain: { maxDepth: chain } }),
  }
  const ofAll = byName ? { byName } : {}
  return [{ ca: first, ...ofAll, ...ofFirst }, ...others.map((other) => ({ ca: other, ...ofAll }))]
}

/** Reads the named requirements of the origin. They are an object, by their names. */
function readPolicies(path: string): NonNullable<CountersignPluginOptions['policies']> {
  const policies = readFlagJson(path, '--policies')
  if (typeof policies === 'object' && policies !== null && !Array.isArray(policies))
    return policies as Readonly<Record<string, Requirement>>
  throw new TypeError(
    `--policies is not an object; write named requirements such as '{"ops":{"subject":{"OU":"Ops"}}}' into the file`,
  )
}

/** Parses the requirement of a route. */
export function parseRequirement(json: string): Requirement {
  try {
    return JSON.parse(json) as Requirement
  } catch {
    throw new TypeError(`--requirement is not valid JSON; write true, or an object such as '{"subject":{"OU":"Ops"}}'`)
  }
}
