import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DevClient, splitPem } from '../pki/dev-client.ts'
import { formatPkcs12 } from '../pki/pkcs12.ts'
import { PRIVATE, PUBLIC, writeWhole } from './write-whole.ts'

/** The default password of `.p12` files. macOS does not import a file without a password. */
export const PKCS12_PASSWORD = 'countersign'

/**
 * The paths of a client's files.
 *
 * @example
 * ```ts
 * const { clients } = await writeClients('.countersign', edge)
 * const { cert, key }: ClientFiles = clients.alice
 * console.log(`curl --cert ${cert} --key ${key} ${edge.url}/me`)
 * ```
 */
export interface ClientFiles {
  /** PEM: the certificate, then the intermediates that the client sends with it. */
  readonly cert: string
  /** PEM: the private key. */
  readonly key: string
  /** PKCS #12 for browsers: the certificate, the intermediates and the key. */
  readonly pkcs12: string
}

/**
 * Returns the paths of a client's files in the folder of an edge.
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

/** @returns the client, or `undefined` if its files are missing */
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

/** Returns the names of all clients in alphabetical order. A folder that does not exist has none. */
export async function listClients(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'clients')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => name.endsWith('-key.pem'))
    .map((name) => name.slice(0, -'-key.pem'.length))
    .sort()
}
