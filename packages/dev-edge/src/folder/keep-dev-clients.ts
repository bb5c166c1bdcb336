import { X509Certificate } from 'node:crypto'
import { type DevClient, issueClient } from '../pki/dev-client.ts'
import { DEV_CLIENT_NAMES, type DevClientName, type DevClients, describeDevClient } from '../pki/dev-clients.ts'
import { type Authorities, daysFromNow } from '../pki/pki.ts'
import { PKCS12_PASSWORD, readClient, writeClient } from './client-files.ts'

/** A working week with its weekends. No certificate changes its verdict during that time. */
const AHEAD_DAYS = 10

/**
 * Reads the clients of every edge. Reissues clients that are missing or about to stop matching their name (`expired`,
 * `notYetValid`).
 */
export async function keepDevClients(folder: string, authorities: Authorities): Promise<DevClients> {
  const kept = DEV_CLIENT_NAMES.map(async (name) => [name, await keepDevClient(folder, authorities, name)] as const)
  return Object.fromEntries(await Promise.all(kept)) as unknown as DevClients
}

async function keepDevClient(folder: string, authorities: Authorities, name: DevClientName): Promise<DevClient> {
  const kept = await readClient(folder, name)
  if (kept && !changesSoon(kept)) return kept
  const client = await issueClient(authorities, { ...describeDevClient(name), name })
  await writeClient(folder, client, PKCS12_PASSWORD)
  return client
}

/** Whether the certificate becomes valid or expires within the days ahead. */
function changesSoon({ cert }: DevClient): boolean {
  const { validFrom, validTo } = new X509Certificate(cert)
  const isAhead = (date: string) =>
    Date.parse(date) > Date.now() && Date.parse(date) < daysFromNow(AHEAD_DAYS).getTime()
  return isAhead(validFrom) || isAhead(validTo)
}
