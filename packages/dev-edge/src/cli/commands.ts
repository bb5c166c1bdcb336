import type { Command } from 'commander'
import { certCommand } from './commands/cert.ts'
import { devCommand } from './commands/dev.ts'
import { doctorCommand } from './commands/doctor.ts'
import { inspectCommand } from './commands/inspect.ts'
import { keygenCommand } from './commands/keygen.ts'
import { revokeCommand } from './commands/revoke.ts'

/** Every command, in the order of `countersign --help`. */
export const COMMANDS: readonly (() => Command)[] = [
  devCommand,
  certCommand,
  revokeCommand,
  keygenCommand,
  doctorCommand,
  inspectCommand,
]
