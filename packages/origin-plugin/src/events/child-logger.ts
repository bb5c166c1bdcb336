import { isProxy } from 'node:util/types'
import type { FastifyBaseLogger } from 'fastify'

/** Pino's public symbol of the functions that form bindings, levels and lines. */
const FORMATTERS: unique symbol = Symbol.for('pino.formatters') as never

/** A logger of pino, as far as {@link siblingWith} uses it. */
interface PinoLogger extends FastifyBaseLogger {
  readonly setBindings: (bindings: object) => void
  readonly bindings: () => object
  readonly onChild: unknown
  readonly [FORMATTERS]: { readonly bindings: unknown }
}

/** The functions of a logger for which a sibling writes the same lines as a child. */
type Functions = Pick<PinoLogger, 'child' | 'onChild' | 'setBindings'> & { readonly format: unknown }

/** These functions by the logger of the server; `null` for a logger without siblings. */
const known = new WeakMap<object, Functions | null>()

/**
 * Makes a logger with more fields: `log.child(bindings)`, in a faster form for the loggers that Fastify makes by pino.
 *
 * @param log - the logger of a request or of its reply
 * @param parent - the logger of the server
 * @throws the exception of a serializer
 */
export function childLogger(log: FastifyBaseLogger, bindings: object, parent: FastifyBaseLogger): FastifyBaseLogger {
  if (Object.getPrototypeOf(log) !== parent) return log.child(bindings)
  const functions = known.get(parent)
  if (functions && isUnchanged(log as PinoLogger, functions)) return siblingWith(log as PinoLogger, bindings)
  const child = log.child(bindings)
  if (functions === undefined) known.set(parent, compare(log as PinoLogger, child, bindings))
  return child
}

/**
 * Copies a logger of pino, and gives the copy more fields.
 *
 * The plain form is `log.child(bindings)`. The prototype of the child is `log`, another one in each request, so V8 finds
 * every property of the child slowly. The child costs 4.5 µs, and 12 µs with the line that Fastify writes to it. A
 * sibling has the prototype that all requests share, and costs 1 µs in both cases.
 */
function siblingWith(log: PinoLogger, bindings: object): PinoLogger {
  const sibling: PinoLogger = Object.assign(Object.create(Object.getPrototypeOf(log)), log)
  sibling.setBindings(bindings)
  return sibling
}

/** Whether a logger is still the one that was compared. An application can replace its functions, or wrap it. */
function isUnchanged(log: PinoLogger, { child, onChild, setBindings, format }: Functions): boolean {
  return (
    log.child === child &&
    log.onChild === onChild &&
    log.setBindings === setBindings &&
    log[FORMATTERS].bindings === format &&
    !isProxy(log)
  )
}

/** The body of the function that pino calls for each child, unless the application has one. */
const EMPTY_BODY = /\{\s*\}$/

/**
 * Compares a sibling with a child of a logger.
 *
 * @returns `null` if they can differ, as for another logger than pino's
 */
function compare(log: PinoLogger, child: FastifyBaseLogger, bindings: object): Functions | null {
  try {
    if (isProxy(log) || Object.getPrototypeOf(child) !== log || !EMPTY_BODY.test(String(log.onChild))) return null
    const sibling = siblingWith(log, bindings)
    if (JSON.stringify(sibling.bindings()) !== JSON.stringify((child as PinoLogger).bindings())) return null
    const format = (child as PinoLogger)[FORMATTERS].bindings
    return { child: log.child, onChild: log.onChild, setBindings: log.setBindings, format }
  } catch {
    return null
  }
}
