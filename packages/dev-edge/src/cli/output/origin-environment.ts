import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DevEdge } from '../../dev-edge.ts'
import { clientCaFile } from '../../folder/open-folder.ts'
import { crlFile } from '../../folder/revocation-file.ts'
import { PRIVATE, writeWhole } from '../../folder/write-whole.ts'

/** Builds the environment of an origin behind the edge. */
export function originEnvironment(
  folder: string,
  { source, keys, hosts, access }: DevEdge,
): Readonly<Record<string, string>> {
  const signed = { COUNTERSIGN_KEYS: JSON.stringify(keys), COUNTERSIGN_HOSTS: hosts.join(',') }
  return {
    ...(source === 'worker' && signed),
    ACCESS_ISSUER: access.issuer,
    ACCESS_AUDIENCE: access.audience,
    ACCESS_JWKS_URI: access.jwksUri,
    CLIENT_CA: clientCaFile(folder),
    CLIENT_CRL: crlFile(folder),
  }
}

/** The path of the file for `node --env-file` and `docker run --env-file`. */
export function environmentFile(folder: string): string {
  return join(folder, 'origin.env')
}

/** Writes the environment with mode 0600: a reader of the HMAC key can sign any identity. */
export async function writeOriginEnvironment(folder: string, edge: DevEdge): Promise<void> {
  const lines = Object.entries(originEnvironment(folder, edge)).map(
    ([name, value]) => `${name}=${formatEnvironmentValue(value)}\n`,
  )
  await writeWhole(environmentFile(folder), lines.join(''), PRIVATE)
}

/** The host of the edge that ran last with this folder, such as `localhost:8443`; `undefined` if none did. */
export function readEdgeHost(folder: string): string | undefined {
  try {
    return /^COUNTERSIGN_HOSTS=([\w.:-]+)$/m.exec(readFileSync(environmentFile(folder), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** Node cuts such a value at `#`, trims it, or takes its first character for a quote. */
const NEEDS_QUOTES = /#|^\s|\s$|^["'`]/

/**
 * Formats a value for an environment file.
 *
 * Node removes quotes and docker keeps them, so the keys' JSON in quotes would not be JSON in a container. Only a path
 * that Node would read differently is quoted.
 */
export function formatEnvironmentValue(value: string): string {
  if (!NEEDS_QUOTES.test(value)) return value
  const quote = ["'", '"', '`'].find((each) => !value.includes(each))
  return quote === undefined ? value : quote + value + quote
}
