import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DevClient, splitPem } from '../pki/dev-client.ts'
import { formatPkcs12 } from '../pki/pkcs12.ts'
import { PRIVATE, PUBLIC, writeWhole } from './write-whole.ts'

/** The password of every `.p12` file that nobody chose another for. macOS imports none without. */
export const PKCS12_PASSWORD = 'countersign'

/** Where a client's files are. */
export interface ClientFiles {
  /** PEM: the certificate, then the intermediates that go with it. */
  readonly cert: string
  /** PEM: the private key. */
  readonly key: string
  /** PKCS #12: all of it, for browsers. */
  readonly pkcs12: string
}

/**
 * Where an edge that keeps its certificates in a folder writes those of a client.
 *
 * @example
 * ```ts
 * const { cert, key, pkcs12 } = clientFiles('.countersign', 'alice')
 * ```
 */
export function clientFiles(folder: string, name: string): ClientFiles {
  const file = (ending: string) => join(folder, 'clients', `${name}${ending}`)
  return { cert: file('.pem'), key: file('-key.pem'), pkcs12: file('.p12') }
}

export async function writeClient(folder: string, client: DevClient, password: string): Promise<void> {
  const files = clientFiles(folder, client.name)
  await mkdir(join(folder, 'clients'), { recursive: true, mode: 0o700 })
  await writeWhole(files.key, client.key, PRIVATE)
  await writeWhole(files.pkcs12, formatPkcs12(client, password), PRIVATE)
  await writeWhole(files.cert, client.cert, PUBLIC)
}

/** @returns `undefined` if there is no such client */
export async function readClient(folder: string, name: string): Promise<DevClient | undefined> {
  const files = clientFiles(folder, name)
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
    const ca = splitPem(cert).slice(1).join('')
    return { name, cert, key, ...(ca && { ca }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The names of all clients, in the order of the alphabet. */
export async function listClients(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'clients'))
  return names
    .filter((name) => name.endsWith('-key.pem'))
    .map((name) => name.slice(0, -'-key.pem'.length))
    .sort()
}
