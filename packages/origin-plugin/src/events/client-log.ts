import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'
import { ignoreRejection, requireSynchronous } from '../lib/operator-function.ts'
import { describeError, quoteMessage } from '../lib/quote-error.ts'
import { cutText } from '../lib/quote-value.ts'
import { writeLine } from '../lib/write-line.ts'
import { childLogger, declareReused } from './child-logger.ts'

/**
 * Returns the fields of a client for `request.log`; `null` for none.
 *
 * The fields must be plain data, as JSON has it, of 2,000 characters at most. Every line of the request contains them.
 *
 * @param clientCert - `null` on an optional route if the client presented no certificate
 * @param access - the identity that Access admitted; `null` with `access: null`
 * @example
 * ```ts
 * const log: LogBindings = (clientCert) => (clientCert === null ? null : { cn: clientCert.subject.CN })
 * await app.register(countersign, { ...options, log })
 * ```
 */
export type LogBindings = (clientCert: ClientCert | null, access: AccessIdentity | null) => object | null

/** Binds the identity of a client to the loggers of its request and of its reply. A failure is logged once, and refuses no request. */
export type BindClient = (request: FastifyRequest, reply: FastifyReply) => void

/** The property of a request with the fields that are bound to its log. */
export const BOUND: unique symbol = Symbol('countersign.bound')

interface BoundRequest {
  [BOUND]?: object | null
}

const WRITE = 'write log: true, or log: (clientCert, access) => ({ client: clientCert?.fingerprint256 })'

/**
 * Checks the option `log`.
 *
 * @returns `null` if it is off
 * @throws TypeError whose message states the correction
 */
export function resolveLog(given: unknown): BindClient | null {
  if (given === undefined || given === false) return null
  const usual = usualBindings()
  if (given === true) return createBinder(usual, usual)
  if (typeof given !== 'function') throw new TypeError(`log must be a boolean or a function; ${WRITE}`)
  requireSynchronous(given as LogBindings, 'log', 'an object')
  return createBinder((clientCert, access) => readBindings((given as LogBindings)(clientCert, access)), usual)
}

/** Whether the log of a request contains a field already. */
export function isBound(request: FastifyRequest, field: string): boolean {
  return Object.hasOwn((request as BoundRequest)[BOUND] ?? {}, field)
}

function createBinder(bindingsOf: LogBindings, usualOf: LogBindings): BindClient {
  let hasFailed = false
  return (request, reply) => {
    const { clientCert, access } = request
    // A second binding would repeat the fields in each line.
    if ((!clientCert && !access) || (request as BoundRequest)[BOUND]) return
    try {
      bind(request, reply, bindingsOf(clientCert, access))
    } catch (error) {
      if (!hasFailed) writeLine(request.log, 'warn', 'countersign: the option log failed', { reason: reasonOf(error) })
      hasFailed = true
      try {
        // Attack: a client with a long name makes the operator's function fail, to stay out of the log.
        bind(request, reply, usualOf(clientCert, access))
      } catch {
        // The application's logger has a serializer for a `client` of another form.
      }
    }
  }
}

function bind(request: FastifyRequest, reply: FastifyReply, bindings: object | null): void {
  if (!bindings) return
  const parent = request.server.log
  const log = childLogger(request.log, bindings, parent)
  // Fastify writes "request completed" to the log of the reply. A hook may have replaced one of the two.
  reply.log = reply.log === request.log ? log : childLogger(reply.log, bindings, parent)
  request.log = log
  ;(request as BoundRequest)[BOUND] = bindings
}

/** A name can be as long as a header. Every line of the request contains it. */
const MAX_TEXT = 300

const cut = (text: string): string => cutText(text, MAX_TEXT)

/** Makes the function behind `log: true`. It keeps the fields of a certificate: their texts would be made for each request. */
function usualBindings(): LogBindings {
  const known = new WeakMap<ClientCert, { readonly access: AccessIdentity | null; readonly bindings: object }>()
  return (clientCert, access) => {
    const same = clientCert && known.get(clientCert)
    if (same && same.access === access) return same.bindings
    const bindings = { client: { ...(clientCert && fieldsOf(clientCert)), ...(access && { access: nameOf(access) }) } }
    if (clientCert) {
      known.set(clientCert, { access, bindings })
      declareReused(bindings)
    }
    return bindings
  }
}

const fieldsOf = ({ fingerprint256, serialNumber, subject, issuer }: ClientCert) => ({
  fingerprint256,
  serialNumber,
  subject: cut(String(subject)),
  issuer: cut(String(issuer)),
})

/** The claims stay out: an identity provider can add any secret to them. */
function nameOf(access: AccessIdentity) {
  switch (access.kind) {
    case 'user':
      return { kind: access.kind, email: cut(access.email), ...(access.sub !== undefined && { sub: cut(access.sub) }) }
    case 'service':
      return { kind: access.kind, clientId: access.clientId }
    case 'certificate':
      return { kind: access.kind, commonName: cut(access.commonName) }
  }
}

const MAX_JSON = 2_000

/**
 * Fields that the logger writes itself. A second one would replace the level or the time for a reader of the line. Pino
 * drops the last three silently: they were its options once.
 */
const OWN_FIELDS = ['level', 'time', 'pid', 'hostname', 'reqId', 'msg', 'serializers', 'formatters', 'customLevels']

/** An answer of the operator's function that cannot be bound. */
class Unsuitable extends Error {}

/**
 * Reads the answer of the operator's function as plain data. The logger would call its getters and its `toJSON` in a
 * place where an exception becomes the answer to the client.
 */
function readBindings(answer: unknown): object | null {
  if (answer === null) return null
  if (ignoreRejection(answer)) throw new Unsuitable('returned a promise; return an object, or null for none')
  const text = typeof answer === 'object' ? toJson(answer) : undefined
  const bindings: unknown = text === undefined ? undefined : JSON.parse(text)
  if (typeof bindings !== 'object' || bindings === null || Array.isArray(bindings)) {
    throw new Unsuitable('did not return an object; return an object, or null for none')
  }
  if (text !== undefined && text.length > MAX_JSON) {
    throw new Unsuitable(
      `returned ${text.length} characters of JSON; return ${MAX_JSON} at most, because every line of the request contains them`,
    )
  }
  const own = OWN_FIELDS.find((field) => Object.hasOwn(bindings, field))
  if (own !== undefined) throw new Unsuitable(`returned the field "${own}" of the logger itself; write another name`)
  return bindings
}

function toJson(answer: object): string | undefined {
  try {
    return JSON.stringify(answer)
  } catch (error) {
    const message = quoteMessage(error)
    throw new Unsuitable(`returned an object that is not JSON${message === '' ? '' : `: ${message}`}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Unsuitable ? `log ${error.message}` : `log threw ${describeError(error)}`
}
