import type { CapturedRequest } from '@countersign/origin-plugin/explain'
import { readErrorCode } from '../errors.ts'
import { requireUnredacted } from './require-unredacted.ts'

/** The message of the plugin's line for a refused request, in both modes. */
const REFUSED = /^countersign: request (?:would be )?refused$/

const LOG_HEADERS =
  'log them with serializers: { req: ({ method, originalUrl, raw }) => ({ method, url: originalUrl, rawHeaders: raw.rawHeaders }) } for as long as you look for a fault, because they contain tokens'

/** Fields of Fastify's and the plugin's log lines. */
interface LogLine {
  readonly level?: unknown
  readonly time?: unknown
  readonly msg?: unknown
  readonly code?: unknown
  readonly pid?: unknown
  readonly hostname?: unknown
  readonly reqId?: unknown
  readonly req?: LoggedRequest
  readonly res?: unknown
  readonly err?: unknown
}

interface LoggedRequest {
  readonly method?: unknown
  readonly url?: unknown
  readonly rawHeaders?: unknown
}

/** A line, with its number from 1. */
type Numbered = readonly [line: LogLine, number: number]

/** Whether a text is a log of pino: some line is an object with a level and a time. Other programs write lines too. */
export function isLog(text: string): boolean {
  return text.split('\n').some((line) => {
    const parsed = parseLine(line)
    return parsed?.level !== undefined && parsed.time !== undefined
  })
}

/**
 * Parses the requests of a log of pino, such as Fastify's lines `incoming request`.
 *
 * Fastify logs no header by default, so the application must log `rawHeaders` of the request. `headers` does not
 * suffice: Node joins repeated lines there or drops them, and a redacted header leaves no trace.
 *
 * @throws SyntaxError that names the missing data and the way to log them. It quotes nothing of the input but codes.
 */
export function parseLogLines(text: string): CapturedRequest[] {
  const lines = text.split('\n').flatMap((line, at): Numbered[] => {
    const parsed = parseLine(line)
    return parsed ? [[parsed, at + 1]] : []
  })
  const logged = withoutAnswers(lines.filter(([{ req }]) => typeof req === 'object' && req !== null))
  if (logged.length === 0) throw new SyntaxError(withoutRequest(lines.map(([line]) => line)))
  return logged.map(([{ req }, number]) =>
    parseRequest(req as LoggedRequest, `the request in line ${number} of the log`),
  )
}

/**
 * Drops lines that repeat a request next to its answer. Fastify logs a request again when its handler fails, and the
 * second line would be judged as a replay.
 */
function withoutAnswers(lines: readonly Numbered[]): readonly Numbered[] {
  const before = new Set<string>()
  return lines.filter(([line]) => {
    const { pid, hostname, reqId, req, res, err } = line
    const key = JSON.stringify([pid, hostname, reqId, req])
    if (res === undefined && err === undefined) before.add(key)
    else if (reqId !== undefined) return !before.has(key)
    return true
  })
}

function parseLine(line: string): LogLine | undefined {
  if (!line.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    // A start script or a crash can write lines of its own into the same file.
    return undefined
  }
}

function parseRequest(req: LoggedRequest, where: string): CapturedRequest {
  const { method, url, rawHeaders } = req
  if (typeof method !== 'string' || typeof url !== 'string')
    throw new SyntaxError(`${where} needs method and url in req`)
  if (rawHeaders === undefined) {
    const fault =
      'headers' in req
        ? 'has headers, in which Node joins lines and redaction leaves no trace, and needs rawHeaders'
        : 'is missing its headers, which Fastify does not log by itself'
    throw new SyntaxError(`${where} ${fault}; ${LOG_HEADERS}`)
  }
  if (!isFlatList(rawHeaders)) {
    throw new SyntaxError(
      `${where} needs names and values in turn in req.rawHeaders, and redaction may have changed them; ${LOG_HEADERS}`,
    )
  }
  const request = { method, target: url, rawHeaders: withHost(rawHeaders) }
  requireUnredacted(request, where)
  return request
}

/** HTTP/2 sends the host as a pseudo header, and the origin reads it as Host. */
function withHost(rawHeaders: readonly string[]): string[] {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] as string] as const] : []))
  const authority = pairs.find(([name]) => name === ':authority')
  const fields = pairs.filter(([name]) => !name.startsWith(':'))
  const hasHost = fields.some(([name]) => name.toLowerCase() === 'host')
  return [...(authority && !hasHost ? ['Host', authority[1]] : []), ...fields.flat()]
}

function isFlatList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length % 2 === 0 && value.every((text) => typeof text === 'string')
}

function withoutRequest(lines: readonly LogLine[]): string {
  const refused = lines.filter(({ msg }) => typeof msg === 'string' && REFUSED.test(msg))
  if (refused.length === 0) return `the log contains no request; ${LOG_HEADERS}`
  const codes = new Set(refused.flatMap(({ code }) => readErrorCode(code) ?? []))
  return `the log contains refusals (${[...codes].join(', ')}) without their requests, and their field reason has the decision already; to explain each step, ${LOG_HEADERS}`
}
