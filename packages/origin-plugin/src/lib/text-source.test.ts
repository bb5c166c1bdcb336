import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkTextSource, isTextSource, MAX_TEXT, WrongAnswer } from './text-source.ts'

const { signal } = new AbortController()
const toText = (answer: unknown): string => {
  if (typeof answer !== 'object') throw new WrongAnswer('the answer must be an object')
  return JSON.stringify(answer)
}
const sourceOf = (value: object) => checkTextSource(value, 'it', toText)
const answer = (call: (signal: AbortSignal) => unknown) => sourceOf(call).read(signal)

describe('isTextSource', () => {
  it('is true for a function, an object with file, and a URL', () => {
    for (const value of [() => '', async () => '', { file: '' }, { file: undefined }, new URL('file:///k')]) {
      expect(isTextSource(value)).toBe(true)
    }
    for (const value of ['/run/keys.json', '{"file":"k"}', { keys: [] }, [], null, undefined, 1]) {
      expect(isTextSource(value)).toBe(false)
    }
  })
})

describe('checkTextSource', () => {
  it('reads a path and a file: URL, and names the path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-source-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'keys.json')
    writeFileSync(path, 'text')
    for (const file of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      const source = sourceOf({ file })
      expect([source.name, await source.read(signal)]).toEqual([path, 'text'])
    }
    writeFileSync(path, 'x'.repeat(MAX_TEXT + 1))
    await expect(sourceOf({ file: path }).read(signal)).rejects.toThrow('the file is longer than 262144 bytes')
  })

  it('does not read a file while a read that was given up is at work', async () => {
    const source = sourceOf({ file: import.meta.filename })
    const slow = source.read(AbortSignal.abort())
    await expect(source.read(signal)).rejects.toEqual(new Error('the read before has not ended yet'))
    await slow
    expect(await source.read(signal)).toBe(await slow)
  })

  it.each([
    [{ file: undefined }, 'it.file is undefined; set the environment variable that it comes from, or write a value'],
    [{ file: 'a', kty: 'oct' }, 'it: unknown option "kty"; known options are file'],
    [new URL('file:///k'), 'it must not be a URL; write it: { file: url }'],
    ...['', 1, null, {}, '{"kty":"oct"}', '[]', 'a\nb', 'a\0b'].map((file) => [
      { file },
      'it.file must be the path of a file, or a file: URL; write the text itself without { file }',
    ]),
    ...['https://vault.example/keys', 'https://', 'data:,x', new URL('http://a')].map((file) => [
      { file },
      'it.file must be a path or a file: URL; write a function that fetches from another place',
    ]),
    [
      { file: 'file://other/keys' },
      'it.file must be the URL of a file on this machine, such as "file:///run/secrets/name"',
    ],
  ] as [object, string][])('refuses %o', (value, message) => {
    expect(() => sourceOf(value)).toThrow(new TypeError(message))
  })

  it('hands its signal to the function, and takes text or an object, also from a promise', async () => {
    expect(await answer((given) => given === signal && 'text')).toBe('text')
    expect(await answer(async () => 'later')).toBe('later')
    expect(await answer(() => ({ a: 1 }))).toBe('{"a":1}')
    expect(await answer(() => 'x'.repeat(MAX_TEXT))).toHaveLength(MAX_TEXT)
    expect(sourceOf(() => '').name).toBe('the function')
  })

  const secret = 'eJ2xxOhYQm4s7kZ3v1pT0wqKcUuB8fRn5LdAgVyWiDM'
  const throwing = (error: unknown) => () => {
    throw error
  }
  it.each([
    [() => 7, 'the answer must be an object'],
    [() => 'x'.repeat(MAX_TEXT + 1), 'the answer is longer than 262144 characters'],
    [throwing(new Error(`no ${secret}`)), 'it threw "no (long text)"'],
    [throwing(secret), 'it threw a value without a message'],
    [throwing(undefined), 'it threw a value without a message'],
    [throwing(Object.assign(new RangeError(''), { name: secret })), 'it threw a value without a message'],
    [async () => Promise.reject(Symbol(secret)), 'it threw a value without a message'],
    [() => Object.defineProperty({}, 'then', { get: throwing(secret) }), 'it threw a value without a message'],
    [
      () => Object.defineProperty({}, 'k', { get: throwing(new Error(secret)), enumerable: true }),
      'its answer cannot be read',
    ],
  ])('reports a bad answer, without secrets: %#', async (call, message) => {
    await expect(answer(call as () => unknown)).rejects.toMatchObject({ message })
  })
})
