import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { readKeys } from './read-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(folder, { recursive: true }))

function setVariable(name: string, value: string): void {
  vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('readKeys', () => {
  it('reads the variable of this name', () => {
    setVariable('MY_KEYS_2', '[1]')
    expect(readKeys('MY_KEYS_2', '--keys')).toBe('[1]')
  })

  it('reads a file', () => {
    const file = join(folder, 'keys.json')
    writeFileSync(file, '[2]')
    expect(readKeys(file, '--keys')).toBe('[2]')
  })

  it('reads no variable whose name is more than a name', () => {
    setVariable('A', 'secret')
    expect(() => readKeys('A ', '--keys')).toThrow(/^--keys is neither /)
    expect(() => readKeys(' A', '--keys')).toThrow(/^--keys is neither /)
  })

  it.each(['[]', ' {"k":"c2VjcmV0"}', '"c2VjcmV0"', "'[{c2VjcmV0}]'"])('refuses the keys themselves: %s', (keys) => {
    const refused = 'contains the keys themselves, and every user of this machine can read arguments'
    expect(() => readKeys(keys, '--rotate')).toThrow(
      new TypeError(
        `--rotate ${refused}; write the name of an environment variable, a file, or - for standard input, such as --rotate COUNTERSIGN_KEYS`,
      ),
    )
  })

  it.each([
    'COUNTERSIGN_KEYS=[{"k":"c2VjcmV0"}]\n',
    '# comment\r\nPORT=1\r\n  export KEYS = \'{"k":"c2VjcmV0"}\'\r\n',
    'KEYS="[{\\"k\\":\\"c2VjcmV0\\"}]"',
  ])('refuses a file of environment variables, without repeating it: %j', (text) => {
    const file = join(folder, '.env')
    writeFileSync(file, text)
    expect(() => readKeys(file, '--keys')).toThrow(
      new TypeError(
        '--keys is a list of environment variables, and not the keys themselves; load it into the environment, and write --keys COUNTERSIGN_KEYS, the name of the variable',
      ),
    )
  })

  it('reads JSON whose texts look like a variable, on several lines', () => {
    const file = join(folder, 'likeness.json')
    const text = '[{"kid": "a=[",\n "k": "b={"}]'
    writeFileSync(file, text)
    expect(readKeys(file, '--keys')).toBe(text)
  })

  it('names neither the source nor its content when there is none', () => {
    setVariable('EMPTY_KEYS', '')
    for (const source of ['EMPTY_KEYS', 'UNSET_KEYS', join(folder, 'absent.json')]) {
      expect(() => readKeys(source, '--keys')).toThrow(
        new TypeError(
          '--keys is neither a variable that is set nor a file that can be read (ENOENT); write the name of an environment variable, a file, or - for standard input',
        ),
      )
    }
  })
})
