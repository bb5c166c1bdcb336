import { X509Certificate } from 'node:crypto'
import { Command } from 'commander'
import { listClients, readClient } from '../../folder/client-files.ts'
import { clientCaFile, openFolder } from '../../folder/open-folder.ts'
import { crlFile, readRevoked, writeRevoked } from '../../folder/revocation-file.ts'
import { toPem } from '../../pki/dev-client.ts'
import { folderOption, jsonOption, parseClientName } from '../arguments/shared-options.ts'
import { shownPath } from '../output/curl-command.ts'
import { print, printJson } from '../output/print.ts'

interface RevokeOptions {
  readonly folder: string
  readonly json?: boolean
}

const EXAMPLES = `
Cloudflare does not read the revocation list of a CA that you bring. The local edge does not either, and still verifies
the certificate. The origin must read the list and refuse it.

Examples:
  countersign cert lost && countersign revoke lost`

/** `countersign revoke`: puts a certificate on the client CA's revocation list. */
export function revokeCommand(): Command {
  return new Command('revoke')
    .summary("add a client certificate to the CA's revocation list")
    .description("Adds a client certificate to the client CA's revocation list, a file in the folder in DER.")
    .argument('<name>', 'the name of the certificate in "countersign cert"', parseClientName)
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(revoke)
}

async function revoke(name: string, { folder, json }: RevokeOptions): Promise<void> {
  const client = await readClient(folder, name)
  if (!client) {
    const names = await listClients(folder)
    const remedy =
      names.length === 0 ? 'start "countersign dev" in this folder first' : `write one of ${names.join(', ')}`
    throw new Error(`certificate ${name} is missing in ${shownPath(folder)}; ${remedy}`)
  }
  const { authorities } = await openFolder(folder)
  const leaf = new X509Certificate(client.cert)
  if (!leaf.verify(new X509Certificate(toPem(authorities.ca.certificate)).publicKey)) {
    throw new Error(
      `${name} cannot be revoked, because the client CA did not issue it; write the name of one issued by client-ca`,
    )
  }
  const serialNumber = leaf.serialNumber.toLowerCase()
  const revoked = new Set(await readRevoked(folder))
  revoked.add(serialNumber)
  await writeRevoked(folder, authorities.ca, revoked)
  const crl = crlFile(folder)
  if (json) {
    printJson({ name, serialNumber, crl, revoked: revoked.size })
    return
  }
  print(
    [
      `${shownPath(crl)} lists ${name} now, and ${revoked.size} in all. The origin reads it with:`,
      '',
      `  trustedIssuers: [{ ca: readFileSync('${shownPath(clientCaFile(folder))}', 'utf8'), revocation: { crl: '${shownPath(crl)}', refresh: 5 } }]`,
    ].join('\n'),
  )
}
