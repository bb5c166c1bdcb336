import { fileURLToPath } from 'node:url'
import { checkKnown, checkSet, isUrl } from './check-option.ts'
import { callSource, createCallLimit, type SourceFunction } from './operator-function.ts'
import { readTextFile } from './read-text-file.ts'

/**
 * A file that is read again and again. Write it as an object: keys and certificates are text too, so a bare path could
 * not be told from them.
 *
 * @example
 * ```ts
 * const keys: FileSource = { file: '/run/secrets/countersign-keys.json' }
 * ```
 */
export interface FileSource {
  /** A path, or a `file:` URL. */
  readonly file: string | URL
}

/** A file or a function of the operator, whose text is asked for again and again. */
export interface TextSource {
  /** For a log: the path of the file, or `the function`. */
  readonly name: string
  /**
   * Can be called while a call before is at work, that the caller gave up.
   *
   * @throws Error with the cause, in words for a log, without a secret
   */
  read(signal: AbortSignal): Promise<string>
}

/** The longest text of a source, in bytes of a file and in characters of an answer. */
export const MAX_TEXT: number = 256 * 1024

/** Whether the value of an option is a source: a function, or an object with `file`. */
export function isTextSource(value: unknown): value is object {
  if (typeof value === 'function' || value instanceof URL) return true
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'file' in value
}

/**
 * Checks an option that {@link isTextSource}.
 *
 * @param where - the option, for error messages
 * @param toText - makes text of the function's answer. It throws a `TypeError` whose message ends the sentence that
 *   begins with the option
 * @throws TypeError whose message states the correction
 */
export function checkTextSource(value: object, where: string, toText: (answer: unknown) => string): TextSource {
  if (typeof value === 'function') return functionSource(value as SourceFunction, toText)
  if (value instanceof URL) throw new TypeError(`${where} must not be a URL; write ${where}: { file: url }`)
  checkSet(value, ['file'], where)
  checkKnown(value, ['file'], where)
  const path = pathOf((value as FileSource).file, `${where}.file`)
  // In a file system that hangs, a read takes one of the four threads that Node has for files, and no signal ends it.
  const limit = createCallLimit(1, 'the read before has not ended yet')
  return { name: path, read: (signal) => limit(signal, () => readTextFile(path, MAX_TEXT)) }
}

function pathOf(file: unknown, where: string): string {
  if (!isUrl(file)) {
    if (typeof file === 'string' && /^[^\0\r\n{[]+$/.test(file)) return file
    throw new TypeError(`${where} must be the path of a file, or a file: URL; write the text itself without { file }`)
  }
  const url = URL.canParse(String(file)) ? new URL(String(file)) : undefined
  if (url?.protocol !== 'file:') {
    throw new TypeError(`${where} must be a path or a file: URL; write a function that fetches from another place`)
  }
  try {
    return fileURLToPath(url)
  } catch {
    throw new TypeError(`${where} must be the URL of a file on this machine, such as "file:///run/secrets/name"`)
  }
}

function functionSource(call: SourceFunction, toText: (answer: unknown) => string): TextSource {
  return {
    name: 'the function',
    async read(signal) {
      const text = readAnswer(await callSource(call, signal), toText)
      if (text.length > MAX_TEXT) throw new Error(`the answer is longer than ${MAX_TEXT} characters`)
      return text
    },
  }
}

/** An answer can have getters, which throw everything too. */
function readAnswer(answer: unknown, toText: (answer: unknown) => string): string {
  try {
    if (typeof answer === 'string') return answer
    return toText(answer)
  } catch (error) {
    if (error instanceof WrongAnswer) throw error
    throw new Error('its answer cannot be read')
  }
}

/** The answer of a function has the wrong type. Its message contains no part of the answer. */
export class WrongAnswer extends TypeError {}
