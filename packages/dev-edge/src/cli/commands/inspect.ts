import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { optional, type Requirement } from '@countersign/origin-plugin'
import type { ExplainOptions } from '@countersign/origin-plugin/explain'
import { Command, InvalidArgumentError, Option } from 'commander'
import { SOURCE_NAMES } from '../../check-headers.ts'
import { type Inspection, inspectRequests } from '../../inspect/inspect-requests.ts'
import { parseRequests } from '../../inspect/parse-requests.ts'
import { nameFlags } from '../arguments/name-flags.ts'
import { type OriginFlags, parseRequirement, pluginOptions } from '../arguments/origin-flags.ts'
import { KEYS_SOURCE } from '../arguments/read-keys.ts'
import { jsonOption, parseWhole } from '../arguments/shared-options.ts'
import { formatInspection } from '../output/format-inspection.ts'
import { print, printJson } from '../output/print.ts'

interface InspectOptions extends OriginFlags {
  readonly requirement?: string
  readonly policy?: string
  readonly optional?: boolean
  readonly at?: number
  readonly json?: boolean
}

const EXAMPLES = `
The file contains requests as the origin received them, the output of "curl -v", a HAR, or the log of Fastify with the
headers of its requests. Without a file, they are read from standard input. They are judged one after the other, so a
repeated request is a replay. Tokens and signatures are not printed.

With --mode report the origin admits all of them, and the output states which ones it would refuse.

Exit codes:
  0  every request would be admitted
  1  at least one would be refused
  2  wrong usage, or a file that cannot be read

Examples:
  countersign inspect request.txt --keys COUNTERSIGN_KEYS --host app.example.com --team acme \\
    --audience 4714c1358e65fe4b… --ca client-ca.pem
  countersign inspect captured.har --no-edge --source rfc9440 --team acme --audience 4714c1358e65fe4b… \\
    --any-issuer --json
  countersign inspect origin.log --keys COUNTERSIGN_KEYS --host app.example.com --no-access --ca client-ca.pem \\
    --policies policies.json --policy ops --clock-tolerance 10 --mode report
  curl -v http://127.0.0.1:3000/ops 2>&1 | countersign inspect --keys COUNTERSIGN_KEYS --any-host --no-access \\
    --ca client-ca.pem --requirement '{"subject":{"OU":"Ops"}}'`

/** `countersign inspect`: explains step by step the origin's decision on a captured request. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .summary("explain the origin's decision on a request")
    .description("Explains step by step an origin's decision on a captured request, with the plugin's own code.")
    .argument('[file]', 'the captured requests')
    .addOption(new Option('--keys <source>', `the origin's COUNTERSIGN_KEYS: ${KEYS_SOURCE}`))
    .addOption(
      new Option('--max-age <seconds>', "the origin's edge.maxAge (default: 60)").argParser(parseWhole(1, 300)),
    )
    .addOption(
      new Option('--clock-tolerance <seconds>', "the origin's edge.clockTolerance (default: 5)").argParser(
        parseWhole(0, 60),
      ),
    )
    .addOption(
      new Option('--no-edge', 'an origin with edge: null').conflicts([
        'keys',
        'host',
        'anyHost',
        'maxAge',
        'clockTolerance',
      ]),
    )
    .addOption(
      new Option('--source <source>', "with --no-edge: the origin's source (default: worker)").choices(SOURCE_NAMES),
    )
    .addOption(new Option('--host <name>', "a host in the origin's edge.hosts; repeatable").argParser(collect))
    .addOption(new Option('--any-host', 'an origin with edge.hosts: null').conflicts('host'))
    .addOption(new Option('--team <name>', 'acme of acme.cloudflareaccess.com').conflicts(['issuer', 'jwks']))
    .addOption(
      new Option('--audience <tag>', "the Access application's Audience (AUD) tag; repeatable").argParser(collect),
    )
    .addOption(
      new Option('--access-clock-tolerance <seconds>', "the origin's access.clockTolerance (default: 5)").argParser(
        parseWhole(0, 60),
      ),
    )
    .addOption(new Option('--issuer <url>', 'in place of --team: the issuer of the tokens'))
    .addOption(new Option('--jwks <file|url>', 'with --issuer: the keys that sign them'))
    .addOption(
      new Option('--no-access', 'an origin with access: null').conflicts([
        'team',
        'audience',
        'issuer',
        'jwks',
        'accessClockTolerance',
      ]),
    )
    .addOption(new Option('--ca <file>', 'a CA that the origin trusts (PEM); repeatable').argParser(collect))
    .addOption(new Option('--crl <file|url>', 'the revocation list of the first --ca'))
    .addOption(new Option('--chain <depth>', 'an origin with chain.maxDepth for the first --ca').argParser(Number))
    .addOption(new Option('--by-name', 'an origin with byName: true for every --ca').conflicts('chain'))
    .addOption(
      new Option('--any-issuer', 'an origin with trustedIssuers: null').conflicts(['ca', 'byName', 'crl', 'chain']),
    )
    .addOption(new Option('--requirement <json>', "the route's requirement"))
    .addOption(new Option('--policies <file>', "the origin's policies: a JSON object of named requirements"))
    .addOption(new Option('--policy <name>', 'in place of --requirement: one of them').conflicts('requirement'))
    .addOption(new Option('--mode <mode>', "the origin's mode (default: enforce)").choices(['enforce', 'report']))
    .addOption(new Option('--optional', 'a route with optional(…), which admits clients without a certificate'))
    .addOption(
      new Option('--at <time>', 'now, or 2026-11-25T12:00:00Z (default: the time of the signature)').argParser(
        parseTime,
      ),
    )
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(inspect)
}

async function inspect(file: string | undefined, options: InspectOptions, command: Command): Promise<void> {
  const inspections = await orWrongUsage(command, () => inspectFile(file, options))
  if (options.json) printJson(inspections)
  else print(inspections.map(formatInspection).join('\n\n'))
  const refused = inspections.filter(({ refusal }) => refusal).length
  if (refused > 0) throw new Error(`${refused} of ${inspections.length} requests would be refused`)
}

async function inspectFile(file: string | undefined, options: InspectOptions): Promise<Inspection[]> {
  const origin = pluginOptions(options)
  const requests = parseRequests(await read(file))
  try {
    const requirement = requirementOf(options)
    return await inspectRequests(requests, origin, {
      ...(requirement !== undefined && { requirement }),
      ...(options.at !== undefined && { now: options.at }),
    })
  } catch (error) {
    throw new TypeError(nameFlags((error as Error).message, options))
  }
}

function requirementOf({
  requirement,
  policy,
  policies,
  optional: isOptional,
}: InspectOptions): ExplainOptions['requirement'] {
  if (policy !== undefined && policies === undefined)
    throw new TypeError('--policies is missing; write the file with the named requirements next to --policy')
  const given: Requirement | undefined = requirement === undefined ? policy : parseRequirement(requirement)
  return isOptional ? optional(given ?? true) : given
}

/** Exit code 1 means a refusal. A script would read any other failure with 1 as a refusal, so those end with 2. */
async function orWrongUsage<T>(command: Command, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    return command.error((error as Error).message)
  }
}

async function read(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) {
    if (process.stdin.isTTY) throw new TypeError('the request is missing; name a file, or pipe it in')
    return buffer(process.stdin)
  }
  try {
    return await readFile(file)
  } catch (error) {
    throw new TypeError(`the file with the request cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** Parses a time into seconds since the epoch. */
function parseTime(text: string): number {
  if (text === 'now') return Date.now() / 1000
  const time = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('Write now, or a time such as 2026-11-25T12:00:00Z.')
  return time / 1000
}
