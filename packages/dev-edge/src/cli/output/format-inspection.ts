import type { Inspection } from '../../inspect/inspect-requests.ts'
import { style } from './print.ts'

type Step = Inspection['steps'][number]

const COLOURS = { holds: 'green', fails: 'red', 'not asked for': 'dim', 'not reached': 'dim' } as const
const OUTCOME_WIDTH = Math.max(...Object.keys(COLOURS).map((outcome) => outcome.length))

/** Formats the request, a line for each step, and the answer of the origin. */
export function formatInspection({ method, path, at, headers, steps, refusal, enforced }: Inspection): string {
  const width = Math.max(...steps.map(({ step }) => step.length))
  return [
    `${style('bold', printable(`${method} ${path}`))}, judged at ${at}`,
    ...(headers.length === 0 ? [NO_HEADERS] : headers.map(({ name, value }) => printable(`  ${name}: ${value}`))),
    '',
    ...steps.map((step) => formatStep(step, width)),
    '',
    refusal
      ? style(
          'red',
          `${enforced ? 'refused' : 'report mode: admitted, and would be refused'} with ${refusal.statusCode} ${refusal.code}: ${refusal.message}`,
        )
      : style('green', 'admitted'),
  ].join('\n')
}

const NO_HEADERS = '  none of the headers that Cloudflare and the Worker add. Was it captured before the edge?'

function formatStep({ step, outcome, detail, code }: Step, width: number): string {
  const why = code === undefined ? detail : `${code}: ${detail}`
  return `  ${style(COLOURS[outcome], outcome.padEnd(OUTCOME_WIDTH))}  ${step.padEnd(width)}  ${printable(why)}`.trimEnd()
}

/** Attack: the client chooses parts of this text, and a terminal obeys control characters. They are replaced. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}
