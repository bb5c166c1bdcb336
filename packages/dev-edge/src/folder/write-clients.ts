import type { DevEdge } from '../dev-edge.ts'
import type { DevClientName } from '../pki/dev-clients.ts'
import { type ClientFiles, clientFiles, PKCS12_PASSWORD, writeClient } from './client-files.ts'
import { edgeCaFile } from './open-folder.ts'
import { PUBLIC, writeWhole } from './write-whole.ts'

/**
 * The paths that {@link writeClients} has written.
 *
 * @example
 * ```ts
 * const { edgeCa, clients, password }: WrittenClients = await writeClients('.countersign', edge)
 * ```
 */
export interface WrittenClients {
  /** PEM of the CA that a client must trust to reach the edge (`curl --cacert`). */
  readonly edgeCa: string
  readonly clients: Readonly<Record<DevClientName, ClientFiles>>
  /** The password of the `.p12` files. */
  readonly password: string
}

/**
 * Writes the clients of an edge to files, for curl and for browsers. An edge with a `folder` has already written them.
 *
 * @param folder - created if it is missing. Files of a former run are replaced.
 * @throws Error if the folder cannot be written
 * @example
 * ```ts
 * const { edgeCa, clients } = await writeClients('.countersign', edge)
 * console.log(`curl --cacert ${edgeCa} --cert ${clients.alice.cert} --key ${clients.alice.key} ${edge.url}/me`)
 * ```
 */
export async function writeClients(
  folder: string,
  { clients, serverCa }: Pick<DevEdge, 'clients' | 'serverCa'>,
): Promise<WrittenClients> {
  const written = Object.entries(clients).map(async ([name, client]) => {
    await writeClient(folder, client, PKCS12_PASSWORD)
    return [name, clientFiles(folder, name)] as const
  })
  const files = Object.fromEntries(await Promise.all(written)) as unknown as WrittenClients['clients']
  await writeWhole(edgeCaFile(folder), serverCa, PUBLIC)
  return { edgeCa: edgeCaFile(folder), clients: files, password: PKCS12_PASSWORD }
}
