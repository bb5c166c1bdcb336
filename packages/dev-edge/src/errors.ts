import { STATUS_CODES } from 'node:http'

/**
 * The errors of the local edge itself. The Worker and the origin have codes of their own, each in an `errors.ts` of its
 * package.
 */
export type DevEdgeErrorCode =
  | 'CSN_DEV_ACCESS_DENIED'
  | 'CSN_DEV_ACCESS_UNKNOWN'
  | 'CSN_DEV_EDGE_FAILED'
  | 'CSN_DEV_REQUEST_MALFORMED'
  | 'CSN_DEV_ORIGIN_UNREACHABLE'
  | 'CSN_DEV_WORKER_THREW'

/** A request that the local edge refuses itself, before the Worker runs. */
export class RefusedByEdge extends Error {
  override readonly name = 'RefusedByEdge'
  readonly statusCode: number
  readonly code: DevEdgeErrorCode

  constructor(statusCode: number, code: DevEdgeErrorCode, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }

  /** Returns the shape of Fastify's error replies. */
  toJSON(): { statusCode: number; code: string; error: string; message: string } {
    const { statusCode, code, message } = this
    return { statusCode, code, error: STATUS_CODES[statusCode] ?? '', message }
  }
}

const CODE = /^CSN_[A-Z_]{1,64}$/

/**
 * Reads a `CSN_*` code that another program chose: a server's answer, or a line of a log.
 *
 * Findings and messages quote the code, so another text than a code counts as none.
 */
export function readErrorCode(value: unknown): string | undefined {
  return typeof value === 'string' && CODE.test(value) ? value : undefined
}
