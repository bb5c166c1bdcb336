import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RecordingOrigin, startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDevEdge } from '../create-dev-edge.ts'
import type { DevEdge } from '../dev-edge.ts'
import { UncaughtExceptions } from './uncaught-exceptions.ts'

vi.setConfig({ testTimeout: 20_000 })

/** A Worker with one mistake for each path. */
const MISTAKEN = `
  const stream = (source) => new Response(new ReadableStream(source))
  const later = async () => { await scheduler.wait(5); throw new Error('later') }
  const PATHS = {
    '/number': () => 7,
    '/null': () => null,
    '/object': () => Object.create(null),
    '/textless': () => { throw { toString() { throw new Error('x') } } },
    '/read': async () => { const response = new Response('x'); await response.text(); return response },
    '/error': () => Response.error(),
    '/hung': () => new Promise(() => {}),
    '/unhandled': () => { Promise.reject(new Error('nobody waits')); return new Response('ok') },
    '/microtask': async () => { queueMicrotask(() => { throw new Error('between') }); await null; return new Response('ok') },
    '/wait': (_, ctx) => { ctx.waitUntil(later()); return new Response('ok') },
    '/unbound': (_, ctx) => { const { waitUntil } = ctx; waitUntil(later()) },
    '/body': () => stream({ async pull(c) { c.enqueue(new TextEncoder().encode('part')); await later() } }),
    '/own': () => new Response('Internal Server Error', { status: 500, headers: { 'content-type': '', connection: 'close' } }),
  }
  export default {
    async fetch(request, env, ctx) {
      const run = PATHS[new URL(request.url).pathname]
      return run ? run(request, ctx) : fetch(request)
    },
  }`

const JSON_PLEASE = { headers: { accept: 'application/json' } }

describe('a Worker that fails beside its own exceptions', () => {
  const lines: string[] = []
  let folder: string
  let origin: RecordingOrigin
  let edge: DevEdge
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-'))
    origin = await startRecordingOrigin()
    edge = await start(MISTAKEN)
  })
  beforeEach(() => {
    lines.length = 0
  })
  afterAll(async () => {
    await edge.close()
    await origin.close()
    await rm(folder, { recursive: true })
  })

  async function start(source: string): Promise<DevEdge> {
    const worker = join(folder, 'worker.ts')
    await writeFile(worker, source)
    return createDevEdge({ origin: origin.url, worker, log: (line) => lines.push(line) })
  }

  const inPlace = (kind: string) => `TypeError: fetch() returned ${kind} in place of a Response`

  it.each([
    ['/number', inPlace('a value of the type number')],
    ['/null', inPlace('null')],
    ['/object', inPlace('a value of the type object')],
    ['/textless', 'a value that has no text'],
    ['/read', expect.stringMatching(/^TypeError: Body has already been used\./)],
    ['/error', expect.stringMatching(/^TypeError: .* must not be an error response/)],
    ['/hung', expect.stringMatching(/^Error: .*Worker's code had hung and would never generate a response/)],
    ['/unbound', expect.stringMatching(/^TypeError: Illegal invocation/)],
  ])('answers %s with its exception, and logs it once', async (path, thrown) => {
    const response = await edge.fetch(path, JSON_PLEASE)
    const { code, message } = response.json()
    expect([response.status, code]).toEqual([500, 'CSN_DEV_WORKER_THREW'])
    expect(message.replace('The Worker threw ', '')).toEqual(thrown)
    await expect.poll(() => lines).toEqual([message])
  })

  it('answers each of several requests at a time', async () => {
    const paths = ['/read', '/hung', '/error', '/read']
    const answers = await Promise.all(paths.map((path) => edge.fetch(path, JSON_PLEASE)))
    expect(answers.map((answer) => answer.json().code)).toEqual(Array(4).fill('CSN_DEV_WORKER_THREW'))
    const messages = answers.map((answer) => answer.json().message)
    await expect.poll(() => lines.toSorted()).toEqual(messages.toSorted())
  })

  it('answers HEAD too', async () => {
    const { status, headers, body } = await edge.fetch('/hung', { method: 'HEAD' })
    expect([status, headers['content-type'], body]).toEqual([500, 'text/plain; charset=utf-8', ''])
    expect(Number(headers['content-length'])).toBeGreaterThan(100)
  })

  it.each([
    ['/unhandled', 'ok', 'The Worker did not handle a rejected promise: Error: nobody waits'],
    ['/microtask', 'ok', 'The Worker threw Error: between'],
    ['/wait', 'ok', 'A promise in waitUntil() of the Worker was rejected: Error: later'],
    ['/body', 'part', 'The Worker threw Error: later'],
  ])('leaves the answer of %s, and logs the exception', async (path, body, line) => {
    expect(await edge.fetch(path)).toMatchObject({ status: 200, body })
    await expect.poll(() => lines).toEqual([line])
  })

  it('leaves an answer alone that the Worker or the origin gave', async () => {
    origin.route('/bare', (_, response) => {
      const { socket } = response
      socket?.end(
        'HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 21\r\n\r\nInternal Server Error',
      )
    })
    for (const path of ['/own', '/bare']) {
      expect(await edge.fetch(path)).toMatchObject({ status: 500, body: 'Internal Server Error' })
    }
    expect(lines).toEqual([])
  })

  const CLASS = "import { WorkerEntrypoint } from 'cloudflare:workers'\n"
  it.each([
    ['no fetch()', 'export default { scheduled() {} }', 'Error: Handler does not export a fetch() function.'],
    [
      'a constructor that throws',
      `${CLASS}export default class extends WorkerEntrypoint {
        constructor(ctx, env) { super(ctx, env); throw new RangeError('too early') }
        fetch() {} }`,
      'RangeError: too early',
    ],
    [
      'a constructor that throws a long text',
      `${CLASS}export default class extends WorkerEntrypoint {
        constructor(ctx, env) { super(ctx, env); throw new Error('x'.repeat(100_000)) }
        fetch() {} }`,
      `Error: ${'x'.repeat(1493)}`,
    ],
    [
      'a console of its own',
      `const { error } = console
      console.error = (...values) => error('[worker]', ...values)
      export default { fetch() { throw new Error('own console') } }`,
      'Error: own console',
    ],
  ])('answers for a Worker with %s', async (_, source, thrown) => {
    await using other = await start(source)
    const answer = await other.fetch('/', JSON_PLEASE)
    expect(answer.json()).toMatchObject({ code: 'CSN_DEV_WORKER_THREW', message: `The Worker threw ${thrown}` })
    expect(lines).toContain(`The Worker threw ${thrown}`)
  })

  it.each([
    ['throw new TypeError("at the top")', 'The Worker threw TypeError: at the top\n'],
    ['export default null', 'The Worker threw Error: The Worker has no default export; write export default { fetch()'],
  ])('names the Worker if it does not start: %s', async (source, beginning) => {
    await expect(start(source)).rejects.toThrow('The Worker does not start. Its log contains the reason')
    expect(lines.map((line) => line.slice(0, beginning.length))).toEqual([beginning])
  })
})

describe('UncaughtExceptions', () => {
  it('gives each exception once, and the latest first', async () => {
    const uncaught = new UncaughtExceptions()
    for (const sentence of ['one', 'two']) uncaught.add(sentence)
    expect([await uncaught.take(), await uncaught.take()]).toEqual(['two', 'one'])
  })

  it('waits for an exception that comes after the answer', async () => {
    const uncaught = new UncaughtExceptions()
    const taken = uncaught.take()
    setTimeout(() => uncaught.add('late'), 60)
    expect(await taken).toBe('late')
  })

  it('gives no exception from before the answer, and waits a second at most', async () => {
    const uncaught = new UncaughtExceptions()
    uncaught.add('of an earlier body')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await uncaught.take()).toBeUndefined()
  })
})
