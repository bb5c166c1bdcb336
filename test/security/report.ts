import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/files.ts'
import { type Figure, readFigure } from './figure.ts'
import { readMutationScore } from './mutation-score.ts'
import { runScript } from './run-script.ts'
import { tryThreats } from './try-threats.ts'

/**
 * `pnpm security`: four figures that show whether the checks hold.
 *
 * It runs the attacks, the fuzz tests and a short soak, and reads the latest mutation score.
 * The exit code is 0 if all four are clean.
 */
const figures: Figure[] = [await tryThreats(), await fuzz(), readMutationScore(), await soak()]

const width = Math.max(...figures.map(({ name }) => name.length))
console.log('')
for (const { name, value, isClean } of figures) console.log(`${isClean ? ' ' : '✗'} ${name.padEnd(width)}  ${value}`)
process.exitCode = figures.every(({ isClean }) => isClean) ? 0 : 1

async function fuzz(): Promise<Figure> {
  const name = 'fuzz cases / disagreements'
  const script = 'test/fuzz/run.ts'
  if (!existsSync(join(ROOT, script))) return { name, value: `not run: ${script} is missing`, isClean: true }
  return readFigure(name, /([\d,]+) cases\b.*?([\d,]+) disagreements?/g, await runScript(script))
}

async function soak(): Promise<Figure> {
  const run = await runScript('test/soak/soak.ts', '--seconds', '20')
  return readFigure('soak requests / wrong decisions', /([\d,]+) requests, ([\d,]+) wrong decisions/g, run)
}
