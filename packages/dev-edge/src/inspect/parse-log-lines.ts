import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { readErrorCode } from '../errors.ts'

/** The message of the plugin's line for a refused request, in both modes. */
const REFUSED = /^countersign: request (?:would be )?refused$/

const LOG_HEADERS =
  'log them with serializers: { req: ({ method, url, raw }) => ({ method, url, rawHeaders: raw.rawHeaders }) } for as long as you look for a fault, because they contain tokens'

/** Fields of Fastify's and the plugin's log lines. */
interface LogLine {
  readonly msg?: unknown
  readonly code?: unknown
  readonly req?: LoggedRequest
}

interface LoggedRequest {
  readonly method?: unknown
  readonly url?: unknown
  readonly headers?: unknown
  readonly rawHeaders?: unknown
}

/** Whether a text is a log of pino: each line is an object of its own, and the first one has a level and a time. */
export function isLog(text: string): boolean {
  const first = parseLine(text.trimStart().split('\n', 1)[0] ?? '')
  return first !== undefined && 'level' in first && 'time' in first
}

/**
 * Parses the requests of a log of pino, such as Fastify's lines `incoming request`.
 *
 * Fastify logs no header by default, so the application must log `headers` or `rawHeaders` of the request. In `headers`
 * Node has joined repeated lines, and removed some of them. Only `rawHeaders` shows a repeated header.
 *
 * @throws SyntaxError that names the missing data and the way to log them. It quotes nothing of the input but codes.
 */
export function parseLogLines(text: string): CapturedRequest[] {
  const lines = text.split('\n').flatMap((line) => parseLine(line) ?? [])
  const logged = lines.filter(({ req }) => typeof req === 'object' && req !== null)
  if (logged.length === 0) throw new SyntaxError(withoutRequest(lines))
  return logged.map(({ req }, at) => parseRequest(req as LoggedRequest, `request ${at + 1} of the log`))
}

function parseLine(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // A start script or a crash can write lines of its own into the same file.
    return undefined
  }
}

function parseRequest({ method, url, headers, rawHeaders }: LoggedRequest, where: string): CapturedRequest {
  if (typeof method !== 'string' || typeof url !== 'string')
    throw new SyntaxError(`${where} needs method and url in req`)
  const lines = rawHeaders === undefined ? linesOf(headers, where) : rawHeaders
  if (!Array.isArray(lines) || lines.length % 2 !== 0 || !lines.every((text) => typeof text === 'string')) {
    throw new SyntaxError(`${where} needs names and values in turn in req.rawHeaders`)
  }
  return { method, target: url, rawHeaders: lines }
}

function linesOf(headers: unknown, where: string): string[] {
  if (typeof headers !== 'object' || headers === null) {
    throw new SyntaxError(`${where} is missing its headers, which Fastify does not log by itself; ${LOG_HEADERS}`)
  }
  const entries = Object.entries(headers as Record<string, unknown>)
  requireUnredacted(entries, where)
  return entries.flatMap(([name, value]) => [name, String(value)])
}

/** A redacted log would give a refusal that the origin did not decide. pino removes values, or writes this text. */
function requireUnredacted(entries: readonly (readonly [string, unknown])[], where: string): void {
  const names = entries.map(([name]) => name.toLowerCase())
  const isSigned = names.includes('signature-input')
  if (entries.some(([, value]) => value === '[Redacted]') || (isSigned && !names.includes('signature'))) {
    throw new SyntaxError(`${where} has lost headers by redaction, so no step can verify them; ${LOG_HEADERS}`)
  }
}

function withoutRequest(lines: readonly LogLine[]): string {
  const refused = lines.filter(({ msg }) => typeof msg === 'string' && REFUSED.test(msg))
  if (refused.length === 0) return `the log contains no request; ${LOG_HEADERS}`
  const codes = new Set(refused.flatMap(({ code }) => readErrorCode(code) ?? []))
  return `the log contains refusals (${[...codes].join(', ')}) without their requests, and their field reason has the decision already; to explain each step, ${LOG_HEADERS}`
}
