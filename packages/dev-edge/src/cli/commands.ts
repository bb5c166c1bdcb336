import type { Command } from 'commander'
import { certCommand } from './cert.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
import { inspectCommand } from './inspect.ts'
import { keygenCommand } from './keygen.ts'
import { revokeCommand } from './revoke.ts'

/** Every command, in the order of `countersign --help`. */
export const COMMANDS: readonly (() => Command)[] = [
  devCommand,
  certCommand,
  revokeCommand,
  keygenCommand,
  doctorCommand,
  inspectCommand,
]
