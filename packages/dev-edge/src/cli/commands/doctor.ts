import type { HeaderSourceName } from '@countersign/origin-plugin'
import { Command, Option } from 'commander'
import { SOURCE_NAMES } from '../../check-headers.ts'
import { type DiagnosedAccess, diagnose } from '../../doctor/diagnose.ts'
import type { Finding } from '../../doctor/finding.ts'
import { readFlagJson, readFlagText } from '../arguments/read-flag-text.ts'
import { KEYS_SOURCE, readKeys } from '../arguments/read-keys.ts'
import { jsonOption } from '../arguments/shared-options.ts'
import { print, printJson, printProgress, style } from '../output/print.ts'

interface DoctorOptions {
  readonly origin?: string
  readonly team?: string
  readonly issuer?: string
  readonly jwks?: string
  readonly audience?: string
  readonly access: boolean
  readonly source?: HeaderSourceName
  readonly keys?: string
  readonly host?: string
  readonly edge?: string
  readonly client?: string
  readonly clientKey?: string
  readonly preflight?: string
  readonly forwardCert?: 'leaf' | 'chain' | 'none'
  readonly json?: boolean
}

const EXAMPLES = `
Run it on a machine that reaches the origin around Cloudflare, such as the origin's own. It sends requests that the
origin must refuse, and no secrets. Warnings do not make it fail. Give --host and --keys to check edge.hosts too, and
--edge to check the way through Cloudflare.

Examples:
  countersign doctor --origin http://127.0.0.1:3000/me --team acme --audience 4714c1358e65fe4b…
  countersign doctor --origin https://203.0.113.7/me --no-access --json
  countersign doctor --origin http://127.0.0.1:3000/me --team acme --audience 4714c1358e65fe4b… --source rfc9440
  countersign doctor --origin http://127.0.0.1:3000/me --no-access --keys COUNTERSIGN_KEYS --host app.example.com
  countersign doctor --origin http://127.0.0.1:3000/me --no-access --edge https://app.example.com/me
  countersign doctor --origin http://127.0.0.1:3000/me --issuer "$ACCESS_ISSUER" --jwks "$ACCESS_JWKS_URI" \\
    --audience "$ACCESS_AUDIENCE"              # behind countersign dev
  countersign doctor --origin http://127.0.0.1:3000/me --no-access --edge https://app.example.com/me \\
    --preflight https://dashboard.example.com`

/** `countersign doctor`: checks a deployment from the outside. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('check a deployment')
    .description(
      "Checks a deployment: the origin's refusals, header limits and clock, Access' keys, and the configuration.",
    )
    .addOption(new Option('--origin <url>', "a protected route at the origin's own address, around Cloudflare"))
    .addOption(new Option('--team <name>', 'acme of acme.cloudflareaccess.com'))
    .addOption(
      new Option(
        '--issuer <url>',
        "in place of --team: the origin's access.issuer, for a team with its own domain",
      ).conflicts('team'),
    )
    .addOption(
      new Option(
        '--jwks <file|url>',
        "with --issuer: the origin's access.jwks or access.jwksUri, as those of countersign dev",
      ).conflicts('team'),
    )
    .addOption(new Option('--audience <tag>', "the Access application's Audience (AUD) tag"))
    .addOption(
      new Option('--no-access', 'an origin without Access (API Shield)').conflicts([
        'team',
        'issuer',
        'jwks',
        'audience',
      ]),
    )
    .addOption(new Option('--source <source>', "the origin's source (default: worker)").choices(SOURCE_NAMES))
    .addOption(new Option('--keys <source>', `the origin's COUNTERSIGN_KEYS, to check them too: ${KEYS_SOURCE}`))
    .addOption(new Option('--host <name>', 'the hostname that clients use, one of edge.hosts'))
    .addOption(new Option('--edge <url>', 'a URL at Cloudflare that leads to the origin'))
    .addOption(new Option('--client <file>', 'a client certificate for --edge (PEM)'))
    .addOption(new Option('--client-key <file>', 'its private key (PEM)'))
    .addOption(new Option('--preflight <origin>', 'a site whose pages call --edge from a browser (CORS)'))
    .addOption(
      new Option('--forward-cert <part>', "the Worker's COUNTERSIGN_FORWARD_CERT").choices(['leaf', 'chain', 'none']),
    )
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(doctor)
}

async function doctor(options: DoctorOptions, command: Command): Promise<void> {
  const { origin, source, keys, json, host, edge, preflight, forwardCert } = options
  if (!origin)
    return command.error(
      '--origin is missing; write a protected route at the origin: --origin http://127.0.0.1:3000/me',
    )
  if (source !== undefined && source !== 'worker' && keys !== undefined)
    return command.error(
      `--keys does not fit --source ${source}, because only the Worker signs requests; remove --keys`,
    )
  if (options.jwks !== undefined && options.issuer === undefined)
    return command.error(
      '--jwks belongs to --issuer; write both, as the access.jwksUri and access.issuer of the origin',
    )
  if (options.access && (options.audience === undefined || (options.team ?? options.issuer) === undefined))
    return command.error('the Access application is missing; write --team or --issuer, and --audience, or --no-access')
  if (source !== undefined && source !== 'worker' && !options.access)
    return command.error(`--no-access does not fit --source ${source}, which needs Access; write --team and --audience`)
  if (preflight !== undefined && URL.parse(preflight)?.origin !== preflight)
    return command.error(
      '--preflight must be the origin of a page, without a path; write --preflight https://dashboard.example.com',
    )
  if (preflight !== undefined && edge === undefined)
    return command.error('--edge is missing; write the URL at Cloudflare that the page of --preflight calls')

  const findings = await orWrongUsage(command, () => {
    const files = { keys: keys === undefined ? undefined : readKeys(keys, '--keys'), client: readClientFiles(options) }
    const access = accessOf(options)
    printProgress('Asking the origin …')
    return diagnose({ origin, access, source, ...files, host, edge, preflight, forwardCert })
  })
  if (json) printJson(findings)
  else print(formatFindings(findings))
  const failed = findings.filter(({ outcome }) => outcome === 'failed').length
  if (failed > 0) throw new Error(`${failed} of ${findings.length} checks failed`)
}

/** Exit code 1 means a failed check. A script would read a wrong value with 1 as one, so that ends with 2. */
async function orWrongUsage<T>(command: Command, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return command.error(error.message.replace(/^jwksUri/, 'jwks').replace(OPTION, '--$&'))
  }
}

/** The name of an option of `diagnose()` at the beginning of its error. The flags have the same names. */
const OPTION = /^(?:origin|host|edge|team|issuer|jwks) must/

/** The application of flags that are complete. */
function accessOf({ access, team, issuer = '', jwks, audience = '' }: DoctorOptions): DiagnosedAccess | null {
  if (!access) return null
  if (team !== undefined) return { team, audience }
  if (jwks === undefined) return { issuer, audience }
  if (/^https?:/.test(jwks)) return { issuer, audience, jwksUri: jwks }
  return { issuer, audience, jwks: readFlagJson(jwks, '--jwks') }
}

function readClientFiles({ client, clientKey, edge }: DoctorOptions): { cert: string; key: string } | undefined {
  if (client === undefined && clientKey === undefined) return undefined
  if (client === undefined || clientKey === undefined || edge === undefined) {
    throw new TypeError('--client, --client-key and --edge belong together; write all three')
  }
  return { cert: readFlagText(client, '--client'), key: readFlagText(clientKey, '--client-key') }
}

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const

/** Formats a line for each finding, and its advice below. */
function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings
    .flatMap(({ outcome, check, detail, advice }) => [
      `${style(COLOURS[outcome], outcome.padEnd('warning'.length))}  ${check.padEnd(width)}  ${detail}`,
      ...(advice === undefined ? [] : [`${' '.repeat('warning  '.length + width)}  ${advice}`]),
    ])
    .join('\n')
}
