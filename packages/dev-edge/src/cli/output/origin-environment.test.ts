import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createEdgeKey } from '../../pki/edge-key.ts'
import { formatEnvironmentValue } from './origin-environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Reads a file as `node --env-file` does. */
function readWithNode(lines: readonly string[]): string[] {
  const file = join(folder, 'origin.env')
  writeFileSync(file, lines.map((line, at) => `V${at}=${line}\n`).join(''))
  const script = `process.stdout.write(JSON.stringify(${JSON.stringify(lines.map((_, at) => `V${at}`))}.map((name) => process.env[name])))`
  return JSON.parse(execFileSync(process.execPath, [`--env-file=${file}`, '-e', script], { encoding: 'utf8' }))
}

const keys = JSON.stringify([createEdgeKey(), createEdgeKey('ed25519')])
const plain = [
  keys,
  'http://127.0.0.1:8444/cdn-cgi/access/certs',
  '/home/a b/c.pem',
  "/home/o'hara/ca.pem",
  'C:\\ca.pem',
]

describe('formatEnvironmentValue', () => {
  it('writes a value as it is, because docker keeps quotes', () => {
    expect(plain.map(formatEnvironmentValue)).toEqual(plain)
  })

  it('quotes a value that Node would read differently', () => {
    expect(formatEnvironmentValue('/a#b/ca.pem')).toBe("'/a#b/ca.pem'")
    expect(formatEnvironmentValue("/o'hara#1/ca.pem")).toBe('"/o\'hara#1/ca.pem"')
    expect(formatEnvironmentValue('"a"')).toBe('\'"a"\'')
    expect(formatEnvironmentValue(' a')).toBe("' a'")
    expect(formatEnvironmentValue('a ')).toBe("'a '")
  })

  it('writes values that Node reads unchanged', () => {
    const values = [...plain, '/a#b/ca.pem', "/o'hara#1/ca.pem", '"a"', ' a', 'a ', '`a`', '\'a"']
    expect(readWithNode(values.map(formatEnvironmentValue))).toEqual(values)
  })
})
