import { lineStream } from '@countersign/test-support/line-stream'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { writeLine } from './write-line.ts'

/** A logger whose serializers of these fields throw, with its lines. */
function loggerWithout(...fields: string[]) {
  const lines: Record<string, unknown>[] = []
  const fail = () => {
    throw new Error('another form')
  }
  const serializers = Object.fromEntries(fields.map((field) => [field, fail]))
  const log = pino(
    { serializers, base: null, timestamp: false },
    lineStream((line) => lines.push(JSON.parse(line))),
  )
  return { log, lines }
}

describe('writeLine', () => {
  it('writes one line with all fields', () => {
    const { log, lines } = loggerWithout()
    writeLine(log, 'warn', 'refused', { code: 'X', client: 'c' }, { code: 'X' })
    writeLine(log, 'info', 'recovered', { part: 'p' })
    writeLine(log, 'error', 'failed', {})
    expect(lines).toEqual([
      { level: 40, msg: 'refused', code: 'X', client: 'c' },
      { level: 30, msg: 'recovered', part: 'p' },
      { level: 50, msg: 'failed' },
    ])
  })

  it('writes fewer fields, or the last ones as text, if the logger throws', () => {
    const { log, lines } = loggerWithout('client')
    writeLine(log, 'warn', 'refused', { code: 'X', client: 'c' }, { code: 'X' })
    expect(lines).toEqual([{ level: 40, msg: 'refused', code: 'X' }])
    const none = loggerWithout('client', 'code')
    writeLine(none.log, 'warn', 'refused', { code: 'X', client: 'c' }, { code: 'X' })
    expect(none.lines).toEqual([{ level: 40, msg: 'refused {"code":"X"}' }])
  })

  it('does not throw with a logger that cannot write', () => {
    const fail = () => {
      throw new Error('full')
    }
    writeLine({ error: fail, warn: fail, info: fail }, 'warn', 'refused', { code: 'X' })
    const { log, lines } = loggerWithout('code')
    writeLine(log, 'warn', 'refused', { code: 1n })
    expect(lines).toEqual([])
  })
})
