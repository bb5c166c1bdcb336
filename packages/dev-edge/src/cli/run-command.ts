import { Command, CommanderError } from 'commander'
import { describeOldNode, readOwnManifest } from '../old-node.ts'
import { certCommand } from './commands/cert.ts'
import { devCommand } from './commands/dev.ts'
import { doctorCommand } from './commands/doctor.ts'
import { initCommand, NODE_OF_PROJECT } from './commands/init.ts'
import { inspectCommand } from './commands/inspect.ts'
import { keygenCommand } from './commands/keygen.ts'
import { revokeCommand } from './commands/revoke.ts'
import { printError } from './output/print.ts'

/** Every command, in the order of `countersign --help`. */
export const COMMANDS: readonly (() => Command)[] = [
  initCommand,
  devCommand,
  certCommand,
  revokeCommand,
  keygenCommand,
  doctorCommand,
  inspectCommand,
]

const COMMAND_NAMES: ReadonlySet<string> = new Set(COMMANDS.map((create) => create().name()))

/** Exit codes of the process. */
const EXIT = { ok: 0, failed: 1, usage: 2 } as const

const EXIT_CODES = `
Exit codes:
  0  done
  1  it failed. Standard error names the cause and the remedy
  2  wrong usage`

/**
 * Runs the command that the arguments name.
 *
 * @param args - without the interpreter and the script
 * @returns the exit code
 * @example
 * ```ts
 * import { runCommand, tolerateClosedPipes } from '@countersign/dev-edge/command'
 *
 * tolerateClosedPipes()
 * process.exitCode = await runCommand(['keygen', '--json'])
 * ```
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { version, engines } = readOwnManifest()
  // A project needs a later version than the packages. An error that names theirs would be followed by another one.
  const tooOld = describeOldNode(process.versions.node, args[0] === 'init' ? NODE_OF_PROJECT : engines.node)
  if (tooOld !== undefined) {
    // Without colour, which the first releases of Node 20 cannot make.
    process.stderr.write(`countersign: ${tooOld}\n`)
    return EXIT.failed
  }
  const program = configure(new Command('countersign'))
    .description('A local Cloudflare for client certificates, and its keys.')
    .version(version)
    .addHelpText('after', `${EXIT_CODES}\n\ncountersign COMMAND --help shows examples.`)
  for (const create of COMMANDS) program.addCommand(configure(create()))
  try {
    await program.parseAsync(isKnown(args) ? args : withoutHelp(args), { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // commander has already printed its own errors. Help is one of them.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    printError((error as Error).message)
    return EXIT.failed
  }
}

/** Whether the arguments name a command of the program, or none. */
function isKnown(args: readonly string[]): boolean {
  const name = args.find((arg) => !HELP.has(arg))
  return name === undefined || name === '--version' || name === '-V' || COMMAND_NAMES.has(name)
}

/** commander answers `countersign nonsense --help` with the help of the program, and exit code 0. */
function withoutHelp(args: readonly string[]): string[] {
  return args.filter((arg) => !HELP.has(arg))
}

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h'])

function configure(command: Command): Command {
  const name = command.name() === 'countersign' ? 'countersign' : `countersign ${command.name()}`
  return command
    .exitOverride()
    .configureOutput({ outputError: (text) => printError(describeUsageError(text.replace(/^error: /, '').trimEnd())) })
    .showHelpAfterError(`${name} --help shows its usage.`)
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', INSTALLED)
}

/** Adds the remedy to errors of commander without one. */
function describeUsageError(text: string): string {
  if (text.startsWith('unknown command')) return `${text}\nCommands: ${[...COMMAND_NAMES].join(', ')}`
  if (text.startsWith("too many arguments for 'init'")) {
    // npm keeps flags in front of --, and hands on their values.
    return 'init takes one folder, and got more; write flags after --, as in npm create countersign@latest my-app -- --hostname app.example.com'
  }
  const [, one, other] = /^option '(--[a-z-]+)[^']*' cannot be used with option '(--[a-z-]+)[^']*'$/.exec(text) ?? []
  return one === undefined ? text : `${one} does not fit ${other}; remove one of the two`
}

/** The unscoped package of this name on npm is not ours, so `npx countersign` would run another program. */
const INSTALLED = '\nIn a project, write npx --package @countersign/dev-edge countersign in place of countersign.'
