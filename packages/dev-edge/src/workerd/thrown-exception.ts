import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The header in which {@link reportingModule} carries an exception to the edge. */
const THROWN_HEADER = 'countersign-dev-thrown'

/** Distinguishes an exception from a text of the Worker or the origin. Neither of them can read it. */
const MARK = randomUUID()

/** Characters, of up to 9 bytes in a header. The limit of `node:http` is 16 KiB for all headers. */
const LONGEST = 1500

/** Addresses within workerd, which it appends to an exception. */
const STACK = /\nstack: .*$/s

/** An exception of the Worker, behind a position in the source of workerd. */
const UNCAUGHT = /^Uncaught exception: .*?: failed: (?:remote\.)?jsg\.(\w+: .*)$/s

/** The start of a line about an exception outside of all functions. */
const AT_THE_START = /^service core:user:: Uncaught /

/** Beginnings of sentences, before the exception. */
const THREW = 'The Worker threw '
const UNHANDLED = 'The Worker did not handle a rejected promise: '
const REJECTED_LATER = 'A promise in waitUntil() of the Worker was rejected: '

/** The source of a module that runs before the Worker. A Worker may replace the methods of its console. */
export const CONSOLE_MODULE = 'export const write = console.error\n'

/**
 * The source of a module around a Worker: it answers for a `fetch()` that throws, with the exception in a header.
 * workerd alone would answer a bare 500.
 *
 * A lost connection stays workerd's, because the edge then reports the origin. So does an exception after
 * `passThroughOnException()`. workerd is silent about exceptions beside an answer, so they are logged here.
 *
 * @param specifier - the module of the Worker, beside this one
 * @param consoleSpecifier - that of {@link CONSOLE_MODULE}
 * @param bindings - the names of the bindings that the Worker has
 */
export function reportingModule(specifier: string, consoleSpecifier: string, bindings: readonly string[]): string {
  const path = JSON.stringify(specifier)
  return `import { write } from ${JSON.stringify(consoleSpecifier)}
import * as worker from ${path}
export * from ${path}

const handler = worker.default
if (handler === undefined || handler === null)
  throw new Error('The Worker has no default export; write export default { fetch() { … } }')

function textOf(error) {
  try {
    const thrown = String(error)
    const hint = / of undefined \\(/.test(thrown) ? ${JSON.stringify(describeBindings(bindings))} : ''
    return (thrown + hint).slice(0, ${LONGEST}).toWellFormed()
  } catch {
    return 'a value that has no text'
  }
}

function log(event, text) {
  write(${JSON.stringify(MARK)} + event + text)
}

addEventListener('unhandledrejection', ({ reason }) => log(${JSON.stringify(UNHANDLED)}, textOf(reason)))
addEventListener('error', ({ error }) => log(${JSON.stringify(THREW)}, textOf(error)))

function requireResponse(value) {
  if (value instanceof Response) return value
  const kind = value === undefined || value === null ? String(value) : 'a value of the type ' + typeof value
  throw new TypeError('fetch() returned ' + kind + ' in place of a Response')
}

// A method that is called without its context still throws, as at Cloudflare.
function watchContext(ctx, onPassThrough) {
  const { passThroughOnException, waitUntil } = ctx
  ctx.passThroughOnException = function () {
    passThroughOnException.call(this)
    onPassThrough()
  }
  ctx.waitUntil = function (promise) {
    const watched = Promise.resolve(promise).catch((error) => {
      log(${JSON.stringify(REJECTED_LATER)}, textOf(error))
      throw error
    })
    return waitUntil.call(this, watched)
  }
}

async function report(ctx, run) {
  let passesThrough = false
  watchContext(ctx, () => {
    passesThrough = true
  })
  try {
    return requireResponse(await run())
  } catch (error) {
    if (passesThrough || error?.message === 'Network connection lost.') throw error
    const text = textOf(error)
    log(${JSON.stringify(THREW)}, text)
    return new Response(null, { status: 500, headers: { ${JSON.stringify(THROWN_HEADER)}: ${JSON.stringify(MARK)} + encodeURIComponent(text) } })
  }
}

function reporting(handler) {
  if (typeof handler === 'function') {
    if (typeof handler.prototype?.fetch !== 'function') return handler
    return class extends handler {
      fetch(request) {
        return report(this.ctx, () => super.fetch(request))
      }
    }
  }
  if (typeof handler.fetch !== 'function') return handler
  const fetch = (request, env, ctx) => report(ctx, () => handler.fetch(request, env, ctx))
  return Object.create(handler, { fetch: { value: fetch, enumerable: true } })
}

export default reporting(handler)
`
}

/** Reads the exception from an answer of {@link reportingModule}. */
export function readThrown(headers: IncomingHttpHeaders): string | undefined {
  const value = headers[THROWN_HEADER]
  if (typeof value !== 'string' || !value.startsWith(MARK)) return undefined
  return THREW + decodeURIComponent(value.slice(MARK.length))
}

/**
 * Reads an exception that workerd itself logs, in a line of the console. It belongs to a bare 500, to the body of an
 * answer, or to the start of the Worker.
 */
export function readUncaught(line: string, bindings: readonly string[]): string | undefined {
  const thrown = UNCAUGHT.exec(line.replace(STACK, ''))?.[1]
  if (thrown === undefined) return undefined
  const hint = / of undefined \(/.test(thrown) ? describeBindings(bindings) : ''
  return THREW + (thrown + hint).slice(0, LONGEST).toWellFormed()
}

/** Names the Worker as the source of its exception, in a line of its console. */
export function describeLine(line: string, bindings: readonly string[]): string {
  if (line.startsWith(MARK)) return line.slice(MARK.length)
  return readUncaught(line, bindings) ?? line.replace(STACK, '').replace(AT_THE_START, THREW)
}

/** A binding that the edge does not set is `undefined` here, and the engine's message does not name it. */
function describeBindings(bindings: readonly string[]): string {
  return `. Every binding but ${bindings.join(', ')} is undefined here`
}
