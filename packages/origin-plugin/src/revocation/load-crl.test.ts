import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import * as os from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { der, derName } from '@countersign/test-support/write-der'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ECDSA_WITH_SHA256, entry, extension, subjectOf, TIME, writeCrl } from '../../test/support/write-crl.ts'
import { type CrlBounds, createCrlLoader, MAX_HANGING_THREADS } from './load-crl.ts'
import type { CrlSource } from './revocation-options.ts'
import { hasSerial, type SerialTable } from './serial-set.ts'

let ca: TestCa
let list: Buffer
let server: LocalServer
let answer: RequestListener
let url: URL
const folder = mkdtempSync(join(os.tmpdir(), 'countersign-load-'))
const path = join(folder, 'ca.crl')

beforeAll(async () => {
  ca = await createCa()
  list = writeCrl(ca, {
    entries: [entry('05'), entry('0080')],
    extensions: [
      extension('551d14', der(0x02, '\x07')),
      extension('551d1c', der(0x30, der(0xa0, der(0xa0, der(0x86, 'a'))))),
    ],
  })
  writeFileSync(path, list)
  server = await startServer((request, response) => answer(request, response))
  url = new URL('/ca.crl', server.url)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const bounds = (changes: Partial<CrlBounds> = {}): CrlBounds => ({ maxBytes: 4096, timeout: 30_000, ...changes })
const live = () => new AbortController().signal
const load = (crl: CrlSource, changes?: Partial<CrlBounds>) => createCrlLoader(crl, ca.cert, bounds(changes))(live())
const failure = (message: string) => expect.objectContaining({ name: 'Error', message })
const code = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`)
const loadWith = (text: string, changes?: Partial<CrlBounds>) =>
  createCrlLoader(path, ca.cert, bounds(changes), code(text))(live())

/** The nice value of each thread of this process: field 19 of its status (proc(5)). */
const nicesOfThreads = (): ReadonlyMap<string, number> =>
  new Map(
    readdirSync('/proc/self/task').flatMap((thread) => {
      try {
        const [, fields = ''] = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')
        return [[thread, Number(fields.split(' ')[16])]]
      } catch {
        // The thread has ended since.
        return []
      }
    }),
  )
const lowered = () => Math.min(19, os.getPriority() + 10)

// A new thread reads its sources anew.
vi.setConfig({ testTimeout: 30_000 })

describe('createCrlLoader', () => {
  it('loads from a path, a file: URL, a server and a function', async () => {
    answer = (_request, response) => response.end(list)
    for (const crl of [path, pathToFileURL(path), url, async () => list, () => new Uint8Array(list)]) {
      const { serials, issuer, ...rest } = await load(crl)
      expect(Buffer.from(issuer)).toEqual(Buffer.from(subjectOf(ca)))
      expect(rest).toEqual({
        thisUpdate: Date.UTC(2030, 0, 1),
        nextUpdate: Date.UTC(2030, 0, 1),
        number: 7n,
        scope: { points: ['860161'], certificates: 'all' },
      })
      expect(serials.size).toBe(2)
      expect(hasSerial(serials, Uint8Array.of(0, 0x80))).toBe(true)
      expect(hasSerial(serials, Uint8Array.of(6))).toBe(false)
    }
  })

  it('does not change the bytes of a function', async () => {
    const before = createHash('sha256').update(list).digest('hex')
    await load(() => list)
    expect(list).not.toHaveLength(0)
    expect(createHash('sha256').update(list).digest('hex')).toBe(before)
  })

  it('copies the bytes of a function into the memory of its latest list, if that is large enough', async () => {
    const made: number[] = []
    const Memory = class extends SharedArrayBuffer {
      constructor(length: number) {
        made.push(length)
        super(length)
      }
    }
    vi.stubGlobal('SharedArrayBuffer', Memory)
    onTestFinished(() => void vi.unstubAllGlobals())
    const longer = writeLongCrl(5000)
    const lists = [list, list, longer, list, longer]
    const loadNext = createCrlLoader(() => lists.shift() ?? list, ca.cert, bounds({ maxBytes: longer.length }))
    for (const size of [2, 2, 5000, 2, 5000, 2]) expect((await loadNext(live())).serials.size).toBe(size)
    const room = (bytes: Uint8Array) => Math.ceil(bytes.length * 1.125)
    expect(made).toEqual([0, room(list), room(longer)])
  })

  it('copies bytes of several megabytes completely', async () => {
    const long = writeLongCrl(150_000)
    expect(long.length).toBeGreaterThan(3 * 1024 * 1024)
    const { serials } = await load(() => long, { maxBytes: long.length })
    expect(serials.size).toBe(150_000)
  })

  it('reads the largest number of bytes from each source, and refuses one more', async () => {
    answer = (_request, response) => response.end(list)
    const exact = { maxBytes: list.length }
    const less = { maxBytes: list.length - 1 }
    for (const [crl, message] of [
      [path, `the file is longer than ${less.maxBytes} bytes`],
      [url, `the answer is longer than ${less.maxBytes} bytes`],
      [() => list, `the list is longer than ${less.maxBytes} bytes`],
    ] as const) {
      expect((await load(crl, exact)).serials.size).toBe(2)
      await expect(load(crl, less)).rejects.toEqual(
        failure(`${message}; raise revocation.maxBytes for a list of that length`),
      )
    }
  })

  it.each<[string, CrlSource, string]>([
    ['a missing file', join(folder, 'none'), `ENOENT: no such file or directory, open '${join(folder, 'none')}'`],
    ['a folder', folder, 'it is not a regular file'],
    ['a function that rejects', () => Promise.reject(new Error('no access')), 'it threw "no access"'],
    [
      'a function that throws',
      () => {
        throw new Error('no disk')
      },
      'it threw "no disk"',
    ],
    [
      'a function whose error quotes its credentials',
      () => Promise.reject(new TypeError(`invalid header value: Bearer ${'0123456789abcdef'.repeat(2)}`)),
      'it threw "invalid header value: Bearer (long text)"',
    ],
    ['a function that throws no error', () => Promise.reject('no'), 'it threw a value without a message'],
    [
      'a function that returns text',
      (async () => 'list') as never,
      'the function revocation.crl must return the bytes as a Uint8Array',
    ],
    [
      'a function that returns nothing',
      (() => undefined) as never,
      'the function revocation.crl must return the bytes as a Uint8Array',
    ],
    ['rubbish', () => Buffer.from('rubbish'), 'the list is neither DER nor PEM'],
    ['no bytes', () => Buffer.alloc(0), 'the list is neither DER nor PEM'],
  ])('states the fault of %s', async (_what, crl, message) => {
    await expect(load(crl)).rejects.toEqual(failure(message))
  })

  it('states the fault of a server', async () => {
    answer = (_request, response) => response.writeHead(503).end()
    await expect(load(url)).rejects.toEqual(failure('the server answered 503'))
    answer = (_request, response) => response.writeHead(301, { location: '/new.crl?a=b' }).end()
    await expect(load(url)).rejects.toEqual(
      failure(`the server answered 301, a redirect to ${server.url}/new.crl?…; write the URL that answers itself`),
    )
  })

  it('refuses a list in which the CA has another name', async () => {
    const renamed = writeCrl(ca, { issuer: derName([['550403', der(0x0c, 'Other CA')]]) })
    await expect(load(() => renamed)).rejects.toEqual(failure('the issuer of the list is not this CA: CN=Other CA'))
    const respelt = writeCrl(ca, {
      issuer: derName(
        [['550406', der(0x13, 'US')]],
        [['55040a', der(0x13, 'Acme')]],
        [['550403', der(0x13, 'Acme Client CA')]],
      ),
    })
    expect((await load(() => respelt)).serials.size).toBe(0)
  })

  it('refuses a pipe, whose writer may never come', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(load(pipe)).rejects.toEqual(failure('it is not a regular file'))
  })

  it.each<[string, () => CrlSource]>([
    ['a server that hangs', () => url],
    ['a function that hangs', () => () => new Promise<never>(() => {})],
  ])('ends at the time-out with %s', async (_what, crl) => {
    answer = () => {}
    await expect(load(crl(), { timeout: 50 })).rejects.toEqual(failure('the load did not end within 0.05 s'))
  })

  it('tells a function of the time-out', async () => {
    const signals: AbortSignal[] = []
    const hang = (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<never>(() => {})
    }
    await load(hang, { timeout: 50 }).catch(() => {})
    expect(signals.map(({ reason }) => reason)).toEqual([failure('the load did not end within 0.05 s')])
  })

  it.each<[string, () => CrlSource]>([
    ['a server', () => url],
    ['a function', () => () => new Promise<never>(() => {})],
  ])('ends with its signal, while it waits for %s', async (_what, crl) => {
    const controller = new AbortController()
    const reached = new Promise<void>((resolve) => {
      answer = () => resolve()
    })
    const loading = createCrlLoader(crl(), ca.cert, bounds())(controller.signal)
    if (crl() === url) await reached
    controller.abort(new Error('the server was closed'))
    await expect(loading).rejects.toEqual(failure('the server was closed'))
  })

  it('ends with its signal, if the function itself aborts it', async () => {
    const controller = new AbortController()
    const abort = () => {
      controller.abort(new Error('the server was closed'))
      return new Promise<never>(() => {})
    }
    await expect(createCrlLoader(abort, ca.cert, bounds())(controller.signal)).rejects.toEqual(
      failure('the server was closed'),
    )
  })

  it('does not call a function of which 8 calls hang, also for another CA, until one of them has ended', async () => {
    const ends: ((list: Uint8Array) => void)[] = []
    const hang = () => new Promise<Uint8Array>((resolve) => ends.push(resolve))
    const other = await createCa('CN=Other')
    const tries = [ca, other, ca, other, ca, other, ca, other]
    const late = failure('the load did not end within 0.02 s')
    for (const { cert } of tries) {
      await expect(createCrlLoader(hang, cert, bounds({ timeout: 20 }))(live())).rejects.toEqual(late)
    }
    await expect(createCrlLoader(hang, other.cert, bounds())(live())).rejects.toEqual(
      failure(
        '8 earlier calls have not ended, although their signals aborted; pass the signal on, such as fetch(url, { signal })',
      ),
    )
    expect(ends).toHaveLength(8)
    ends[0]?.(list)
    await new Promise(setImmediate)
    const loaded = createCrlLoader(hang, ca.cert, bounds())(live())
    await vi.waitFor(() => expect(ends).toHaveLength(9))
    ends[8]?.(list)
    expect((await loaded).serials.size).toBe(2)
  })

  it('does not begin with a signal that is aborted', async () => {
    const before = server.requests()
    await expect(createCrlLoader(url, ca.cert, bounds())(AbortSignal.abort(new Error('closed')))).rejects.toEqual(
      failure('closed'),
    )
    expect(server.requests()).toBe(before)
  })
})

describe('createCrlLoader: the thread', () => {
  it('gets the task', async () => {
    const spki = ca.cert.publicKey.export({ format: 'der', type: 'spki' })
    const echo = `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ key, memory, canGrow, ...task }) =>
        parentPort.postMessage({ failure: JSON.stringify({ ...task, key: Buffer.from(key).toString('hex') }) }))`
    await expect(loadWith(echo)).rejects.toEqual(
      failure(
        JSON.stringify({
          source: { path },
          acceptsCaList: false,
          maxBytes: 4096,
          timeout: 30_000,
          key: spki.toString('hex'),
        }),
      ),
    )
  })

  const watchedOnly = `import { parentPort } from 'node:worker_threads'
      parentPort.postMessage({ 'watch:import': ['file:///crl-thread.js'] })`

  it('answers after the messages that node --watch sends from it', async () => {
    const watched = `import { parentPort } from 'node:worker_threads'
      parentPort.postMessage({ 'watch:import': ['file:///crl-thread.js'] })
      parentPort.postMessage({ 'watch:require': ['/crl-thread.js'] })
      parentPort.postMessage({ failure: 'the answer' })`
    await expect(loadWith(watched)).rejects.toEqual(failure('the answer'))
  })

  it.each([
    ['throws', 'throw new Error("broken")', 'the thread of the load failed: broken'],
    ['ends', 'process.exit(3)', 'the thread of the load ended with code 3'],
    ['ends after messages of node --watch', watchedOnly, 'the thread of the load ended with code 0'],
    ['ends without an answer', '', 'the thread of the load ended with code 0'],
  ])('that %s is a failed load', async (_what, text, message) => {
    await expect(loadWith(text)).rejects.toEqual(failure(message))
  })

  it('that exhausts its memory is a failed load, and does not end the process', async () => {
    const hoard = 'const all = []; for (;;) all.push(new Array(1_000_000).fill(1.5))'
    await expect(loadWith(hoard)).rejects.toEqual(
      failure(expect.stringMatching(/^the thread of the load failed: .*memory/) as never),
    )
  })

  it('that loops is ended at the time-out', async () => {
    await expect(loadWith('for (;;);', { timeout: 300 })).rejects.toEqual(failure('the load did not end within 0.3 s'))
  })

  it('that is not found names the cause: a bundle without it', async () => {
    const missing = pathToFileURL(join(folder, 'crl-thread.js'))
    await expect(createCrlLoader(path, ca.cert, bounds(), missing)(live())).rejects.toThrow(
      /^the thread of the load failed: Cannot find module .*; a bundler must leave @countersign\/origin-plugin out of its bundle$/s,
    )
  })

  it('does not hold up the loop of the process, however long it works', async () => {
    let turns = 0
    const count = setInterval(() => (turns += 1), 5)
    await expect(loadWith('const end = Date.now() + 400; while (Date.now() < end);')).rejects.toThrow('code 0')
    clearInterval(count)
    expect(turns).toBeGreaterThan(10)
  })

  it.runIf(process.platform === 'linux')('gives way to requests, and leaves the priority of the process', async () => {
    const long = writeLongCrl(150_000)
    answer = (_request, response) => response.end(long)
    const before = nicesOfThreads()
    for (const crl of [url, () => long]) {
      const loading = load(crl, { maxBytes: long.length })
      const isLowered = () => {
        const now = nicesOfThreads()
        for (const [thread, nice] of before) if (now.has(thread)) expect(now.get(thread)).toBe(nice)
        return [...now.values()].includes(lowered())
      }
      await vi.waitUntil(isLowered, { timeout: 10_000, interval: 1 })
      await loading
    }
  })

  it.runIf(process.platform === 'linux')('leaves its priority to no thread of a new process', async () => {
    answer = (_request, response) => response.end(list)
    // The first name that this process looks up is that of the list's server. Node starts threads of its pool for it.
    const script = `
      import { X509Certificate } from 'node:crypto'
      import { readdirSync, readFileSync } from 'node:fs'
      import { createCrlLoader } from ${JSON.stringify(new URL('./load-crl.ts', import.meta.url))}
      const threads = () => readdirSync('/proc/self/task').map((thread) =>
        Number(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[16]))
      const [path, url, ca] = process.argv.slice(2)
      for (const crl of [path, new URL(url)]) {
        await createCrlLoader(crl, new X509Certificate(ca), { maxBytes: 4096, timeout: 30_000 })(new AbortController().signal)
      }
      // The first fetch has a thread for a moment.
      await new Promise((resolve) => setTimeout(resolve, 500))
      process.on('exit', () => console.log(JSON.stringify(threads())))`
    const entry = join(folder, 'load.mjs')
    writeFileSync(entry, script)
    const args = [entry, path, `http://localhost:${url.port}/ca.crl`, ca.pem]
    const nices: number[] = JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
    expect(nices.length).toBeGreaterThan(1)
    // The thread waits for the next load, and does not keep the process alive.
    expect(nices.filter((nice) => nice !== os.getPriority())).toEqual([lowered()])
  })

  it('builds tables in shared memory, of which there is little, and else in memory of their own', async () => {
    // A new process has made none.
    vi.resetModules()
    const fresh = await import('./load-crl.ts')
    const { releaseTable } = await import('./crl-threads.ts')
    const tables: SerialTable[] = []
    const loadNext = async () => (await fresh.createCrlLoader(path, ca.cert, bounds())(live())).serials
    for (let at = 0; at < 20; at += 1) tables.push(await loadNext())
    const isShared = ({ numbers }: SerialTable) => numbers.buffer instanceof SharedArrayBuffer
    expect(tables.map(isShared)).toEqual(Array.from({ length: 20 }, (_, at) => at < 16))
    expect(tables.filter((table) => !hasSerial(table, Uint8Array.of(5)))).toEqual([])
    for (const table of tables) releaseTable(table)
    expect(isShared(await loadNext())).toBe(true)
  })

  describe('waits for the next load', () => {
    const ids = `import { parentPort, threadId } from 'node:worker_threads'
      parentPort.on('message', ({ source }) => {
        if (source.path === 'loop') for (;;);
        parentPort.postMessage({ failure: String(threadId) })
        if (source.path === 'throw') setTimeout(() => { throw new Error('late') }, 10)
        if (source.path === 'end') setTimeout(() => process.exit(1), 10)
      })`
    /** Loads in threads of the test's own, and returns the id of the one that answered. */
    const idOf = async (test: string, task = '', timeout = 30_000) => {
      const error = await createCrlLoader(
        task,
        ca.cert,
        bounds({ timeout }),
        code(`${ids} // ${test}`),
      )(live()).catch((reason: Error) => reason)
      return (error as Error).message
    }

    it('and loads it', async () => {
      const id = await idOf('one')
      expect(id).toMatch(/^\d+$/)
      expect(await idOf('one')).toBe(id)
    })

    it('while a load at the same time has its own, and one of them stays', async () => {
      const [first, second] = await Promise.all([idOf('two'), idOf('two')])
      expect(first).not.toBe(second)
      expect([first, second]).toContain(await idOf('two'))
      const [third, fourth] = await Promise.all([idOf('two'), idOf('two')])
      expect([first, second].filter((id) => id === third || id === fourth)).toHaveLength(1)
    })

    it('unless it was ended at the time-out', async () => {
      const id = await idOf('loop')
      expect(await idOf('loop', 'loop', 300)).toBe('the load did not end within 0.3 s')
      const next = await idOf('loop')
      expect(next).toMatch(/^\d+$/)
      expect(next).not.toBe(id)
    })

    it.each(['throw', 'end'])('and is replaced if it fails meanwhile: %s', async (task) => {
      const id = await idOf(task, task)
      await setTimeout(200)
      const next = await idOf(task)
      expect(next).toMatch(/^\d+$/)
      expect(next).not.toBe(id)
    })
  })

  it('is one of a few: threads that cannot be ended do not pile up, also those of earlier loaders', async () => {
    const pipe = join(folder, 'pipe-without-a-writer')
    execFileSync('mkfifo', [pipe])
    const open = code(`import { openSync } from 'node:fs'\nopenSync(${JSON.stringify(pipe)})`)
    const begin = () => createCrlLoader(pipe, ca.cert, bounds({ timeout: 300 }), open)(live())
    const late = failure('the load did not end within 0.3 s')
    const loads = Array.from({ length: MAX_HANGING_THREADS }, () => begin())
    for (const loading of loads) await expect(loading).rejects.toEqual(late)
    await expect(begin()).rejects.toEqual(failure('the threads of earlier loads still run'))
    // A writer lets the threads end.
    const writer = openSync(pipe, 'r+')
    onTestFinished(() => closeSync(writer))
    const again = () => createCrlLoader(pipe, ca.cert, bounds(), code(watchedOnly))(live()).catch(String)
    await expect.poll(again, { timeout: 10_000 }).toBe('Error: the thread of the load ended with code 0')
  })
})

/** A list with this number of entries, whose lengths take three bytes. */
function writeLongCrl(count: number): Buffer {
  const long = (...parts: Uint8Array[]) => {
    const contents = Buffer.concat(parts)
    const head = Buffer.from([0x30, 0x83, contents.length >> 16, contents.length >> 8, contents.length])
    return Buffer.concat([head, contents])
  }
  const version = der(0x02, '\x01')
  const numbers = Array.from({ length: count }, (_, at) => entry((0x40000000 + at).toString(16)))
  const tbs = long(version, ECDSA_WITH_SHA256, subjectOf(ca), TIME, TIME, long(Buffer.concat(numbers)))
  return long(tbs, ECDSA_WITH_SHA256, der(0x03, '\0', ca.sign(tbs)))
}
