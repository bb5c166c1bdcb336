import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { SigningJwk } from '@countersign/wire'
import { type AccessTeam, createAccessTeam } from '../access/access-issuer.ts'
import type { DevClients } from '../pki/dev-clients.ts'
import { createEdgeKey } from '../pki/edge-key.ts'
import { type Authorities, createAuthorities } from '../pki/pki.ts'
import { readIdentity, writeIdentity } from './identity-files.ts'
import { keepDevClients } from './keep-dev-clients.ts'
import { writeRevoked } from './revocation-file.ts'
import { PRIVATE, PUBLIC, writeWhole } from './write-whole.ts'

/** The part of a local edge that stays the same between runs. */
export interface KeptEdge {
  /** The Worker's private key. */
  readonly key: SigningJwk
  readonly authorities: Authorities
  readonly team: AccessTeam
  readonly clients: DevClients
}

/** The file names of the authorities. */
const AUTHORITY_FILES = {
  ca: 'client-ca',
  intermediate: 'branch-ca',
  other: 'other-ca',
  otherIntermediate: 'other-branch-ca',
  serverCa: 'edge-ca',
} as const satisfies Record<keyof Authorities, string>

/** The path of the CA's certificate that a client must trust to reach the edge, in PEM (`curl --cacert`). */
export function edgeCaFile(folder: string): string {
  return join(folder, `${AUTHORITY_FILES.serverCa}.pem`)
}

/** The path of the CA's certificate whose clients the edge verifies, in PEM. */
export function clientCaFile(folder: string): string {
  return join(folder, `${AUTHORITY_FILES.ca}.pem`)
}

const WORKER_KEY = 'worker-key.json'
const ACCESS = 'access.json'

/**
 * Opens the folder that keeps a local edge between runs. Creates the folder if it is missing.
 *
 * @throws Error that tells the user the remedy
 */
export async function openFolder(path: string): Promise<KeptEdge> {
  if (!existsSync(join(path, WORKER_KEY))) await createFolder(resolve(path))
  try {
    const authorities = await readAuthorities(path)
    return {
      key: JSON.parse(await readFile(join(path, WORKER_KEY), 'utf8')),
      authorities,
      team: {
        identity: await readIdentity(path, 'access', 'RSA-2048'),
        audience: JSON.parse(await readFile(join(path, ACCESS), 'utf8')).audience,
      },
      clients: await keepDevClients(path, authorities),
    }
  } catch (error) {
    throw new Error(`cannot use the folder ${path}; remove it to start with new keys (${(error as Error).message})`)
  }
}

/** Fills a temporary folder and then renames it, so that a half-filled folder never has the final name. */
async function createFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const folder = await mkdtemp(`${path}-`)
  try {
    await chmod(folder, 0o700)
    await writeWhole(join(folder, '.gitignore'), '*\n', PUBLIC)
    const [authorities, team] = await Promise.all([createAuthorities(), createAccessTeam()])
    await writeAuthorities(folder, authorities)
    await writeRevoked(folder, authorities.ca, [])
    await writeIdentity(folder, 'access', team.identity)
    await writeWhole(join(folder, ACCESS), `${JSON.stringify({ audience: team.audience })}\n`, PUBLIC)
    await writeWhole(join(folder, WORKER_KEY), `${JSON.stringify(createEdgeKey())}\n`, PRIVATE)
    await keepDevClients(folder, authorities)
    await moveInto(folder, path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function moveInto(folder: string, path: string): Promise<void> {
  try {
    await rename(folder, path)
  } catch {
    // Another process may have created the folder in the meantime. Its content is as good.
    if (existsSync(join(path, WORKER_KEY))) return
    throw new Error(`${path} contains other files; remove it, or choose another folder`)
  }
}

async function readAuthorities(path: string): Promise<Authorities> {
  const read = (name: keyof Authorities) => readIdentity(path, AUTHORITY_FILES[name], 'P-256')
  const [ca, intermediate, other, otherIntermediate, serverCa] = await Promise.all([
    read('ca'),
    read('intermediate'),
    read('other'),
    read('otherIntermediate'),
    read('serverCa'),
  ])
  return { ca, intermediate, other, otherIntermediate, serverCa }
}

async function writeAuthorities(path: string, authorities: Authorities): Promise<void> {
  for (const [name, file] of Object.entries(AUTHORITY_FILES)) {
    await writeIdentity(path, file, authorities[name as keyof Authorities])
  }
}
