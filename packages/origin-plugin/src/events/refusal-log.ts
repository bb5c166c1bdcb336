import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { ClientCert } from '../client-cert.ts'
import type { CountersignError } from '../errors.ts'
import { writeLine } from '../lib/write-line.ts'
import { isBound } from './client-log.ts'

/** Cloudflare's identifier of a request: 16 hexadecimal digits and a data centre, such as `8f0b1c2d3e4f5a6b-FRA`. */
const CF_RAY = /^[A-Za-z0-9-]{1,40}$/

/**
 * Logs a refused request with its code, its reason and Cloudflare's identifier. In report mode the line says that
 * nothing enforced the refusal.
 *
 * The signature does not cover `CF-Ray`, so the identifier proves nothing. It finds the request in Cloudflare's logs.
 * Attack: a client around the edge writes any text. A text that is not an identifier is left out.
 *
 * @param clientCert - the client's certificate, if it is proven. The line has its fingerprint and serial number, unless
 *   the option `log` has bound the client to this request already
 */
export function logRefusal(
  request: FastifyRequest,
  refusal: CountersignError,
  enforced: boolean,
  clientCert: ClientCert | null,
): void {
  const message = `countersign: request ${enforced ? '' : 'would be '}refused`
  const { statusCode } = refusal
  warn(request, message, { statusCode, ...fieldsOf(refusal, enforced), ...rayOf(request) }, clientCert)
}

/** Logs that a client of an open connection is trusted no longer. In report mode, nothing ends the connection. */
export function logDistrust(
  request: FastifyRequest,
  refusal: CountersignError,
  enforced: boolean,
  clientCert: ClientCert,
): void {
  warn(request, 'countersign: client no longer trusted', fieldsOf(refusal, enforced), clientCert)
}

const fieldsOf = ({ code, reason }: CountersignError, enforced: boolean) => ({
  code,
  reason,
  ...(enforced ? {} : { enforced }),
})

function rayOf({ raw }: FastifyRequest): object {
  const ray = raw.headers['cf-ray']
  return typeof ray === 'string' && CF_RAY.test(ray) ? { cfRay: ray } : {}
}

function warn(request: FastifyRequest, message: string, fields: object, clientCert: ClientCert | null): void {
  writeLine(request.log, 'warn', message, { ...fields, ...clientOf(request, clientCert) }, fields)
}

function clientOf(request: FastifyRequest, clientCert: ClientCert | null): object {
  if (!clientCert || isBound(request, 'client')) return {}
  const { fingerprint256, serialNumber } = clientCert
  return { client: { fingerprint256, serialNumber } }
}

/** The body of a function that does nothing, as the loggers of Fastify and pino have it for a level that is off. */
const EMPTY_BODY = /\{\s*\}$/

/**
 * Whether a logger drops warnings, perhaps without intention. Fastify's default is no logger, and a level above `warn`
 * drops the reasons of refusals too. `silent` is a choice.
 */
export function dropsWarnings(log: FastifyBaseLogger): boolean {
  return log.level !== 'silent' && EMPTY_BODY.test(String(log.warn))
}

let hasWarned = false

/**
 * Warns once in a process that reasons of refusals are lost. The answer to the client contains a general sentence only,
 * so the operator could not find the cause of a refusal.
 */
export function warnOfLostReasons(): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    'the logger of Fastify drops warnings, so the reasons of refused requests are lost; pass logger: { level: "warn" } to Fastify, or subscribe to the diagnostics channel countersign:refused',
    { type: 'CountersignWarning', code: 'CSN_REASONS_LOST' },
  )
}
