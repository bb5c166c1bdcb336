import { readErrorCode } from '../errors.ts'
import type { Answer } from './probe.ts'

/** The header of an answer in report mode, with the code of the refusal that the origin did not enforce. */
const NOT_ENFORCED = 'countersign-not-enforced'

/** The advice for an origin in report mode. */
export const ENFORCE =
  "Once no good request would be refused, remove mode: 'report' at the origin and in its routes. docs/operations.md has the way, and the query to watch"

/** Reads the code of a refusal that the origin reports and does not enforce. */
export function reportedCode({ headers }: Pick<Answer, 'headers'>): string | undefined {
  return readErrorCode(headers[NOT_ENFORCED])
}

/**
 * Reads the code of a body in Fastify's shape. Other bodies are the server's own text, and findings never quote them.
 */
export function refusalCode({ body }: Pick<Answer, 'body'>): string | undefined {
  try {
    const { code } = JSON.parse(body) as { readonly code?: unknown }
    return readErrorCode(code)
  } catch {
    return undefined
  }
}

/** The code of the origin's decision, enforced or not. In report mode the body is that of a handler and does not count. */
export function decisionCode(answer: Answer): string | undefined {
  return reportedCode(answer) ?? refusalCode(answer)
}

/** Describes the refusal of an answer, as the end of a sentence that begins with the origin. */
export function describeRefusal(answer: Answer): string {
  const code = reportedCode(answer)
  if (code !== undefined) return `would refuse with ${code} (report mode, answered ${answer.status})`
  return `refused with ${answer.status} ${refusalCode(answer)}`
}
