import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readTextFile } from './read-text-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-text-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('readTextFile', () => {
  it('reads UTF-8, without a byte order mark', async () => {
    expect(await readTextFile(file('plain', 'é'), 10)).toBe('é')
    expect(await readTextFile(file('bom', '\uFEFF{}'), 10)).toBe('{}')
    expect(await readTextFile(file('empty', ''), 10)).toBe('')
  })

  it('reads a file of the longest length, and refuses one byte more', async () => {
    expect(await readTextFile(file('ten', 'x'.repeat(10)), 10)).toBe('x'.repeat(10))
    await expect(readTextFile(file('eleven', 'x'.repeat(11)), 10)).rejects.toThrow('the file is longer than 10 bytes')
  })

  it('counts the bytes of a file whose length the file system does not state', async () => {
    await expect(readTextFile('/proc/self/environ', 1)).rejects.toThrow('the file is longer than 1 bytes')
    expect(await readTextFile('/proc/version', 4096)).toMatch(/^Linux version .*\n$/)
  })

  it('refuses a folder, and a pipe without waiting for its writer', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const path of [folder, join(folder, 'pipe')]) {
      await expect(readTextFile(path, 10)).rejects.toThrow('it is not a regular file')
    }
  })

  it('refuses a missing file, and bytes that are not text', async () => {
    await expect(readTextFile(join(folder, 'none'), 10)).rejects.toThrow('the file cannot be opened: ENOENT')
    await expect(readTextFile(file('bytes', Uint8Array.of(0xff)), 10)).rejects.toThrow(
      'the file is not text in UTF-8; convert a certificate in DER with openssl x509 -inform der -in FILE -out ca.pem',
    )
  })
})
