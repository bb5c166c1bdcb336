import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { clientFiles, writeClient } from '../../folder/client-files.ts'
import { edgeCaFile, openFolder } from '../../folder/open-folder.ts'
import { type IssueClientOptions, issueClient } from '../../pki/dev-client.ts'
import { DEV_CLIENT_NAMES } from '../../pki/dev-clients.ts'
import { encodeName } from '../../pki/encode-name.ts'
import type { SubjectAltNames } from '../../pki/issue-certificate.ts'
import { resolvePurpose } from '../../pki/key-purposes.ts'
import { daysFromNow, expiredDates } from '../../pki/pki.ts'
import { parseSan } from '../arguments/parse-san.ts'
import {
  DEFAULT_PORT,
  folderOption,
  jsonOption,
  parseClientName,
  parseWhole,
  passwordOption,
} from '../arguments/shared-options.ts'
import { formatCurl, shownPath } from '../output/curl-command.ts'
import { describeCertificate } from '../output/describe-certificate.ts'
import { readEdgeHost } from '../output/origin-environment.ts'
import { print, printJson } from '../output/print.ts'

interface CertOptions {
  readonly folder: string
  readonly subject?: string
  readonly san?: SubjectAltNames
  readonly eku?: readonly string[]
  readonly ca: keyof typeof ISSUERS
  readonly expired?: boolean
  readonly days: number
  readonly password: string
  readonly force?: boolean
  readonly json?: boolean
}

/** The issuers, by the name of the CA's file in the folder. */
const ISSUERS = {
  'client-ca': 'ca',
  'branch-ca': 'intermediate',
  'other-ca': 'other',
  'other-branch-ca': 'other-intermediate',
  self: 'self',
} as const satisfies Record<string, IssueClientOptions['issuer']>

const EXAMPLES = `
Authorities:
  client-ca        the edge verifies its clients (default)
  branch-ca        a CA below it, whose certificate the client sends in the handshake
  other-ca         a CA that the edge does not know
  other-branch-ca  a CA below that one
  self             the certificate signs itself

Examples:
  countersign cert pay-1
  countersign cert pay-1 --subject 'CN=pay-1,OU=Payments,O=Acme' --san uri:spiffe://acme/pay --san dns:pay.acme.example
  countersign cert laptop --eku clientAuth --eku 1.3.6.1.4.1.311.20.2.2
  countersign cert late --expired
  countersign cert stranger --ca other-ca`

/** `countersign cert`: issues one more client certificate into the folder. */
export function certCommand(): Command {
  return new Command('cert')
    .summary('issue a client certificate')
    .description('Issues a client certificate, as PEM and as .p12 for browsers. A running edge accepts it at once.')
    .argument('<name>', 'names its files', parseClientName)
    .addOption(new Option('--subject <dn>', 'in RFC 4514 text (default: CN=NAME,O=Acme)').argParser(parseSubject))
    .addOption(
      new Option('--san <name>', 'an alternative name: dns:, email:, uri:, ip: or upn:; repeatable').argParser(
        parseSan,
      ),
    )
    .addOption(
      new Option(
        '--eku <purpose>',
        'an extended key usage: a name or an OID; repeatable (default: clientAuth)',
      ).argParser(parseEku),
    )
    .addOption(new Option('--ca <name>', 'the issuer').choices(Object.keys(ISSUERS)).default('client-ca'))
    .addOption(new Option('--days <n>', 'the days of its validity').default(90).argParser(parseWhole(1, 36_500)))
    .addOption(new Option('--expired', 'valid until yesterday').conflicts('days'))
    .addOption(passwordOption())
    .addOption(new Option('--force', 'replace the certificate of that name'))
    .addOption(folderOption())
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(cert)
}

async function cert(name: string, options: CertOptions): Promise<void> {
  const { folder, password, json } = options
  const files = clientFiles(folder, name)
  if (DEV_CLIENT_NAMES.some((reserved) => reserved.toLowerCase() === name.toLowerCase())) {
    throw new Error(`${name} is reserved for a client of every edge; choose another name`)
  }
  if (existsSync(files.key) && !options.force) {
    throw new Error(`${shownPath(files.key)} exists already; choose another name, or replace it with --force`)
  }
  const { authorities } = await openFolder(folder)
  const client = await issueClient(authorities, {
    name,
    subject: options.subject,
    san: options.san,
    extendedKeyUsage: options.eku,
    issuer: ISSUERS[options.ca],
    ...(options.expired ? expiredDates() : { notAfter: daysFromNow(options.days) }),
  })
  await writeClient(folder, client, password)
  const description = describeCertificate(client.cert)
  if (json) {
    printJson({ name, ...files, ca: edgeCaFile(folder), ...description })
    return
  }
  print(
    [
      `certificate  ${shownPath(files.cert)}`,
      `private key  ${shownPath(files.key)}`,
      `for browsers ${shownPath(files.pkcs12)}, password: ${password}`,
      `valid until  ${description.validTo}`,
      '',
      formatCurl(`https://${readEdgeHost(folder) ?? `localhost:${DEFAULT_PORT}`}/`, {
        caFile: edgeCaFile(folder),
        client: files,
      }),
    ].join('\n'),
  )
}

function parseSubject(text: string): string {
  try {
    encodeName(text)
    return text
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}. Write a name such as "CN=pay-1,O=Acme".`)
  }
}

/** Adds one purpose to those before it. */
function parseEku(text: string, before: readonly string[] = []): readonly string[] {
  try {
    return [...before, resolvePurpose(text)]
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message.replace('extendedKeyUsage: ', '')}.`)
  }
}
