import { Worker } from 'node:worker_threads'
import type { CrlAnswer, CrlTask } from './crl-thread.ts'
import type { CrlContents } from './parse-crl.ts'
import { giveUpTable, type SerialTable } from './serial-set.ts'

/** The code of the thread. The sources have TypeScript's extension, and the published package has JavaScript's. */
export const THREAD: URL = new URL(`./crl-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
/** The lists are outside of this heap. It is for code, and for the text of an error. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 }

/**
 * The thread that waits for the next load of the process, by the code that it runs.
 *
 * The plain form starts a thread for each load. Starting it, compiling its code and collecting its garbage takes 100 ms
 * of CPU time, and V8 does most of it in helper threads that do not give way to requests. On one core at a quarter of the
 * full load, 0.1 % of the requests took 40 ms longer while a list of a million entries was loaded.
 */
const waiting = new Map<string, Worker>()

/**
 * Memory for the tables that threads build. V8 does not count it: new memory for each table would be garbage that V8 collects
 * at once, with helpers that do not give way to requests.
 *
 * For the same reason V8 would not collect memory that is lost, so it is handed back, and there is not much of it. A list
 * that two tasks use is lost when both are done.
 */
const idleMemory: SharedArrayBuffer[] = []
/** A process with more lists, or with lists that outgrow theirs again and again, gets further memory that V8 counts. */
const MOST_MEMORY = 16
let memoryMade = 0

/**
 * Runs a task in the thread that waits, or in a new one. Of threads that end their tasks at the same time, one waits.
 *
 * A thread that crashes, exhausts its memory or hangs is not used again, and is a failed load.
 *
 * @param entry - the code of the thread
 * @param signal - ends the thread. The promise is settled when the thread has ended, which is later if it cannot be ended
 * @param latest - the latest table of the list, for memory of that size
 * @throws Error with the cause
 */
export async function runInThread(
  entry: URL,
  task: Omit<CrlTask, 'memory' | 'canGrow'>,
  signal: AbortSignal,
  latest?: SerialTable,
): Promise<CrlContents> {
  const memory = takeMemory(latest?.numbers.buffer.byteLength ?? 0)
  const answer = await answerOf(entry, { ...task, memory, canGrow: memoryMade < MOST_MEMORY }, signal)
  if (answer.memory?.byteLength !== memory?.byteLength) memoryMade += 1
  if ('list' in answer && answer.list.serials.numbers.buffer instanceof SharedArrayBuffer) return answer.list
  if (answer.memory) idleMemory.push(answer.memory)
  if ('failure' in answer) throw new Error(answer.failure)
  return answer.list
}

/** Takes the smallest idle memory of at least this number of bytes, or the largest one. */
function takeMemory(bytes: number): SharedArrayBuffer | undefined {
  idleMemory.sort((one, other) => one.byteLength - other.byteLength)
  const at = idleMemory.findIndex(({ byteLength }) => byteLength >= bytes)
  return at === -1 ? idleMemory.pop() : idleMemory.splice(at, 1)[0]
}

/** Hands the memory of a table that is no longer in use to a later load. Nobody can use the table from then on. */
export function releaseTable(table: SerialTable): void {
  const memory = giveUpTable(table)
  if (memory) idleMemory.push(memory)
}

/** @throws Error if the thread fails. It has ended then, and nobody writes to the memory any more */
async function answerOf(entry: URL, task: CrlTask, signal: AbortSignal): Promise<CrlAnswer> {
  let thread: Worker | undefined
  try {
    thread = takeThread(entry)
    const answer = await ask(thread, task, signal)
    keepThread(entry, thread)
    return answer
  } catch (error) {
    await thread?.terminate()
    if (task.memory) idleMemory.push(task.memory)
    throw error
  }
}

function takeThread(entry: URL): Worker {
  const known = waiting.get(entry.href)
  if (known) {
    waiting.delete(entry.href)
    known.ref()
    return known
  }
  const thread = new Worker(entry, { name: 'countersign-crl', resourceLimits: THREAD_LIMITS })
  // Without a listener, an error of a thread that waits would end the process, and Node would not always report its end.
  thread.on('error', () => {})
  thread.on('message', () => {})
  thread.once('exit', () => {
    if (waiting.get(entry.href) === thread) waiting.delete(entry.href)
  })
  return thread
}

/** Lets a thread wait, unless another one does. It does not keep the process alive. */
function keepThread(entry: URL, thread: Worker): void {
  if (waiting.has(entry.href)) void thread.terminate()
  else waiting.set(entry.href, thread)
  thread.unref()
}

/** @throws Error if the signal aborts, or the thread ends without an answer */
async function ask(thread: Worker, task: CrlTask, signal: AbortSignal): Promise<CrlAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CrlAnswer>()
  const listeners = {
    // `node --watch` sends the names of imported modules on the same way, before the answer.
    message: (answer: CrlAnswer | WatchedModules) => {
      if ('list' in answer || 'failure' in answer) resolve(answer as CrlAnswer)
    },
    messageerror: reject,
    error: (error: Error) => reject(new Error(`the thread of the load failed: ${describeFailure(error)}`)),
    exit: (code: number) => reject(new Error(`the thread of the load ended with code ${code}`)),
  }
  signal.addEventListener('abort', () => reject(signal.reason))
  for (const [name, listener] of Object.entries(listeners)) thread.on(name, listener)
  try {
    thread.postMessage(task)
    return await promise
  } finally {
    for (const [name, listener] of Object.entries(listeners)) thread.off(name, listener)
  }
}

/** A message of Node's own, such as `{ 'watch:import': ['file:///…'] }`. */
type WatchedModules = { readonly [Name in `watch:${string}`]?: readonly string[] }

function describeFailure(error: Error & { readonly code?: string }): string {
  return error.code?.endsWith('MODULE_NOT_FOUND')
    ? `${error.message}; a bundler must leave @countersign/origin-plugin out of its bundle`
    : error.message
}
