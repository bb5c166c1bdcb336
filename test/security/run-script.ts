import { spawn } from 'node:child_process'
import { execPath } from 'node:process'
import { ROOT } from '../support/files.ts'

/** The exit code and the output of a script. */
export interface ScriptRun {
  readonly exitCode: number | null
  readonly output: string
}

/** Runs a script of the workspace on this Node, and prints its output at once. */
export function runScript(...args: string[]): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      process.stdout.write(text)
    })
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output }))
  })
}
