import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { initProject } from '../../init/init-project.ts'
import type { ProjectValues } from '../../init/project-values.ts'
import { askProject, type ProjectFlags, parseProjectFlags } from '../arguments/ask-project.ts'
import { jsonOption } from '../arguments/shared-options.ts'
import { formatProject } from '../output/describe-project.ts'
import { print, printJson } from '../output/print.ts'

interface InitOptions extends ProjectFlags {
  /** `false` with `--no-access`. */
  readonly access: boolean
  readonly folder?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** This version and later ones run TypeScript without a flag, and the project has no build. */
export const NODE_OF_PROJECT = '>=22.18'

const EXAMPLES = `
In a terminal it asks for each value without a flag. It overwrites no file, and names those that it left alone. In a
folder with a package.json or a server, it writes the files to add to that app.

Examples:
  countersign init
  countersign init my-app
  countersign init --yes --hostname app.example.com --team acme --audience 4714c1358e65fe4b… --ca client-ca.pem
  countersign init --yes --hostname app.example.com --no-access --ca client-ca.pem
  countersign init --algorithm ed25519       # the server can then verify, and not sign`

/** `countersign init`: writes a Worker, a server behind it, their key and their tests. */
export function initCommand(): Command {
  return new Command('init')
    .summary('write a Worker, a server behind it, and their key')
    .description('Writes a Worker, a server behind it, their key, a test, and the remaining steps at Cloudflare.')
    .argument('[folder]', 'the folder of the project (default: this one)')
    .addOption(new Option('--folder <path>', 'the same'))
    .addOption(new Option('--hostname <name>', 'the hostname at Cloudflare, such as app.example.com'))
    .addOption(new Option('--team <name>', 'the acme of acme.cloudflareaccess.com'))
    .addOption(new Option('--audience <tag>', 'the Audience (AUD) tag of the Access application'))
    .addOption(new Option('--no-access', 'a hostname without Access (API Shield)').conflicts(['team', 'audience']))
    .addOption(new Option('--ca <file>', 'the CA that signs the client certificates, in PEM'))
    .addOption(new Option('--alg, --algorithm <name>', 'hmac-sha256 or ed25519 (default: hmac-sha256)'))
    .addOption(new Option('-y, --yes', 'ask nothing, and take the defaults'))
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(init)
}

async function init(argument: string | undefined, options: InitOptions, command: Command): Promise<void> {
  const { folder: flag, yes, json, ...flags } = options
  if (argument !== undefined && flag !== undefined) {
    return command.error('--folder does not fit the argument folder; remove one of the two')
  }
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY
  let values: ProjectValues
  try {
    // The questions go to standard error, so that --json stays JSON.
    values = isTerminal && !yes ? await askProject(flags, process.stdin, process.stderr) : parseProjectFlags(flags)
  } catch (error) {
    if (error instanceof TypeError) return command.error(error.message)
    throw error
  }
  const folder = resolve(argument ?? flag ?? '.')
  const project = await initProject(folder, values)
  if (json) printJson({ folder, ...project })
  else print(formatProject(folder, project))
}
