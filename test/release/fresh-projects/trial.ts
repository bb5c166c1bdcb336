import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFreshProject } from '../fresh-project.ts'
import type { LocalRegistry } from '../local-registry.ts'

/** A program that a user runs in a project, and the expected end. */
export interface Step {
  /** Unique in its trial. */
  readonly name: string
  /** The version of Node; by default that of the workspace. */
  readonly node?: string
  /** The arguments of `node`, or a whole command of `npm`. */
  readonly command: readonly string[]
  /** Patterns of the output, each of which must match. */
  readonly prints?: readonly RegExp[]
  /** The command must fail, and print the patterns. */
  readonly fails?: true
}

/** A set-up in which the packages must work, or must state the reason for which they do not. */
export interface Trial {
  /** A row of `docs/packages.md`. */
  readonly name: string
  readonly libraries: readonly string[]
  /** The text of each file, by its path in the project. */
  readonly files: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

export interface Machine {
  readonly registry: LocalRegistry
  /** The path of a version of Node. */
  nodeOf(version: string | undefined): string
  /** Prints a step that ended as expected. */
  tell(text: string): void
}

/**
 * Makes the project of a trial in a new folder, and runs every step, also after one that failed.
 *
 * @returns the failures, each with the name of the trial and the output
 */
export async function runTrial(trial: Trial, { registry, nodeOf, tell }: Machine): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-fresh-'))
  const failures: string[] = []
  try {
    const project = await createFreshProject(registry, 'npm', folder, trial.libraries, trial.files)
    tell(`${trial.name}: installed`)
    for (const step of trial.steps) {
      const [first = '', ...rest] = step.command
      const { isOk, output } =
        first === 'npm'
          ? await project.attempt(first, ...rest)
          : await project.attempt(nodeOf(step.node), first, ...rest)
      const missing = (step.prints ?? []).filter((pattern) => !pattern.test(output))
      if (isOk === !step.fails && missing.length === 0) tell(`${trial.name}: ${step.name}`)
      else {
        const end = isOk ? 'ended well' : 'failed'
        const without = missing.length > 0 ? ` without ${missing.join(' and ')}` : ''
        failures.push(`${trial.name}: ${step.name}: ${step.command.join(' ')} ${end}${without}\n${output}`)
      }
    }
  } catch (error) {
    failures.push(`${trial.name}: ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return failures
}
