import type { HeaderSourceName } from '@countersign/origin-plugin'
import type { DevEdge, DevEdgeOptions } from '../../dev-edge.ts'
import { type ClientFiles, clientFiles, listClients, PKCS12_PASSWORD, readClient } from '../../folder/client-files.ts'
import { edgeCaFile } from '../../folder/open-folder.ts'
import { findServerFile } from '../../init/find-server-file.ts'
import { formatCurl, quoteForShell, shownPath } from './curl-command.ts'
import { type CertificateDescription, describeCertificate } from './describe-certificate.ts'
import { environmentFile, originEnvironment } from './origin-environment.ts'
import { style } from './print.ts'

/** A running edge in values that `--json` prints. */
export interface EdgeDescription {
  readonly url: string
  /** The origin's `source`. */
  readonly source: HeaderSourceName
  /** The Worker's `COUNTERSIGN_FORWARD_CERT`; `undefined` is its default, and a zone without a Worker. */
  readonly forwardCert?: DevEdgeOptions['forwardCert']
  readonly origin: string
  readonly folder: string
  readonly edgeCa: string
  readonly environmentFile: string
  readonly environment: Readonly<Record<string, string>>
  readonly clients: Readonly<Record<string, ClientDescription>>
}

type ClientDescription = ClientFiles & CertificateDescription

export async function describeEdge(
  edge: DevEdge,
  origin: string,
  folder: string,
  forwardCert?: DevEdgeOptions['forwardCert'],
): Promise<EdgeDescription> {
  return {
    url: edge.url,
    source: edge.source,
    forwardCert,
    origin,
    folder,
    edgeCa: edgeCaFile(folder),
    environmentFile: environmentFile(folder),
    environment: originEnvironment(folder, edge),
    clients: await describeClients(folder),
  }
}

async function describeClients(folder: string): Promise<Record<string, ClientDescription>> {
  const clients: Record<string, ClientDescription> = {}
  for (const name of await listClients(folder)) {
    const client = await readClient(folder, name)
    if (!client) continue
    clients[name] = { ...clientFiles(folder, name), ...describeCertificate(client.cert) }
  }
  return clients
}

/** The option that proves that the Worker signed, or the options of an origin without a Worker. */
function formatProof(source: HeaderSourceName): string[] {
  return source === 'worker'
    ? ['    edge: { keys: process.env.COUNTERSIGN_KEYS, hosts: process.env.COUNTERSIGN_HOSTS },']
    : [`    source: '${source}',`, '    edge: null, // only Cloudflare may reach this origin']
}

/** The trust that fits the certificates that reach the origin. PEM alone admits only a certificate that is forwarded. */
function formatTrust({ source, forwardCert }: Pick<EdgeDescription, 'source' | 'forwardCert'>): string {
  const byName = source === 'cf-cert' || forwardCert === 'none'
  const extent = byName ? 'byName: true, ' : forwardCert === 'chain' ? 'chain: { maxDepth: 1 }, ' : ''
  return `    trustedIssuers: [{ ca: readFileSync(process.env.CLIENT_CA, 'utf8'), ${extent}revocation: { crl: process.env.CLIENT_CRL, refresh: 5 } }],`
}

/** Formats the description for people. */
export function formatWelcome({
  url,
  source,
  forwardCert,
  origin,
  folder,
  edgeCa,
  environment,
  clients,
  ...files
}: EdgeDescription): string {
  const bold = (text: string) => style('bold', text)
  const alice = clientFiles(folder, 'alice')
  const env = shownPath(files.environmentFile)
  return [
    `${bold(url)}  ▶  ${origin}`,
    '',
    bold("The origin's environment"),
    ...Object.entries(environment).map(([name, value]) => `  ${name}=${quoteForShell(value)}`),
    `  Also in ${env}: node --env-file=${env} ${quoteForShell(findServerFile(process.cwd()) ?? 'YOUR-SERVER.js')}`,
    '',
    bold("The origin's configuration"),
    "  import { readFileSync } from 'node:fs'",
    "  import countersign from '@countersign/origin-plugin'",
    '',
    '  await app.register(countersign, {',
    ...formatProof(source),
    '    access: {',
    '      issuer: process.env.ACCESS_ISSUER,',
    '      audience: process.env.ACCESS_AUDIENCE,',
    '      jwksUri: process.env.ACCESS_JWKS_URI,',
    '    },',
    formatTrust({ source, forwardCert }),
    '  })',
    '',
    bold(`Clients, in ${shownPath(folder)}/clients`),
    `  ${Object.keys(clients).join(', ')}`,
    '  One more: npx --package @countersign/dev-edge countersign cert NAME',
    '',
    bold('Try it'),
    `  ${formatCurl(`${url}/`, { caFile: edgeCa, client: alice })}`,
    `  ${formatCurl(`${url}/`, { caFile: edgeCa, client: clientFiles(folder, 'expired') })}`,
    `  ${formatCurl(`${url}/`, { caFile: edgeCa })}`,
    `  In a browser: import ${shownPath(alice.pkcs12)} (password: ${PKCS12_PASSWORD}), then open ${url}/`,
    '',
    `Ctrl+C ends the edge, and so does: kill ${process.pid}`,
    '',
  ].join('\n')
}
