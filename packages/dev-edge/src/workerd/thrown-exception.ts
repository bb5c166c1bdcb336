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

/**
 * The source of a module around a Worker: it answers for a `fetch()` that throws, with the exception in a header.
 * workerd alone would answer a bare 500.
 *
 * A lost connection stays workerd's, because the edge then reports the origin. So does an exception after
 * `passThroughOnException()`.
 *
 * @param specifier - the module of the Worker, beside this one
 * @param bindings - the names of the bindings that the Worker has
 */
export function reportingModule(specifier: string, bindings: readonly string[]): string {
  const path = JSON.stringify(specifier)
  return `import * as worker from ${path}
export * from ${path}

const handler = worker.default
if (handler === undefined) throw new Error('The Worker has no default export; write export default { fetch() { … } }')

async function report(ctx, run) {
  let passesThrough = false
  const passThrough = ctx.passThroughOnException.bind(ctx)
  ctx.passThroughOnException = () => {
    passesThrough = true
    passThrough()
  }
  try {
    const response = await run()
    if (response === undefined) throw new TypeError('fetch() returned undefined in place of a Response')
    return response
  } catch (error) {
    if (passesThrough || error?.message === 'Network connection lost.') throw error
    const thrown = String(error)
    const hint = / of undefined \\(/.test(thrown) ? ${JSON.stringify(describeBindings(bindings))} : ''
    const text = (thrown + hint).slice(0, ${LONGEST}).toWellFormed()
    console.error(${JSON.stringify(MARK)} + text)
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
  return `The Worker threw ${decodeURIComponent(value.slice(MARK.length))}`
}

/** Names the Worker as the source of its exception, in a line of its console. */
export function describeLine(line: string, bindings: readonly string[]): string {
  if (line.startsWith(MARK)) return `The Worker threw ${line.slice(MARK.length)}`
  const thrown = UNCAUGHT.exec(line.replace(STACK, ''))?.[1]
  if (thrown === undefined) return line.replace(STACK, '')
  return `The Worker threw ${thrown}${/ of undefined \(/.test(thrown) ? describeBindings(bindings) : ''}`
}

/** A binding that the edge does not set is `undefined` here, and the engine's message does not name it. */
function describeBindings(bindings: readonly string[]): string {
  return `. Every binding but ${bindings.join(', ')} is undefined here`
}
