import { createSigningKey, newKeyId, toVerificationKey } from '../pki/edge-key.ts'
import type { ProjectFile } from './project-files.ts'
import type { ProjectValues } from './project-values.ts'

/** The paths of the files with keys. */
export const KEY_FILES = ['origin.env', 'worker/worker.env'] as const

/**
 * Builds the two environments of one new key: that of the server, and that of the Worker.
 *
 * Node and wrangler read a value without quotes as it is, up to a `#`. Neither JSON of a key nor the other values have
 * one.
 */
export function keyFiles({ hostname, access, algorithm }: ProjectValues): ProjectFile[] {
  const workerKey = createSigningKey(algorithm, newKeyId())
  const server = {
    COUNTERSIGN_KEYS: JSON.stringify([toVerificationKey(workerKey)]),
    COUNTERSIGN_HOSTS: hostname,
    ...(access && { ACCESS_TEAM: access.team, ACCESS_AUDIENCE: access.audience }),
    CLIENT_CA: 'client-ca.pem',
  }
  const [ofServer, ofWorker] = KEY_FILES
  return [
    { path: ofServer, text: formatLines(server) },
    { path: ofWorker, text: formatLines({ COUNTERSIGN_KEY: JSON.stringify(workerKey) }) },
  ]
}

function formatLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
