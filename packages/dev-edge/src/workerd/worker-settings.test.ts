import { supportedCompatibilityDate } from 'miniflare'
import { describe, expect, it } from 'vitest'
import { createDevEdge } from '../create-dev-edge.ts'
import { checkCompatibilityDate } from './worker-settings.ts'

const dayAfter = (date: string) => new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)

describe('the settings of a Worker', () => {
  it('accept each date that this workerd knows', () => {
    for (const date of [undefined, '2021-11-02', '2026-07-01', supportedCompatibilityDate])
      expect(() => checkCompatibilityDate(date)).not.toThrow()
  })

  it.each([
    [{ compatibilityDate: '2026-7-1' }, 'compatibilityDate must be a date such as "2026-07-01"'],
    [{ compatibilityDate: '2026-02-30' }, 'compatibilityDate must be a date such as "2026-07-01"'],
    [{ compatibilityDate: '2026-07-01T00:00' }, 'compatibilityDate must be a date such as "2026-07-01"'],
    [
      { compatibilityDate: dayAfter(supportedCompatibilityDate) },
      `compatibilityDate is ${dayAfter(supportedCompatibilityDate)}, and this workerd knows dates up to ${supportedCompatibilityDate}; write an earlier one, or update @countersign/dev-edge`,
    ],
    [{ compatibilityFlags: 'nodejs_compat' }, 'compatibilityFlags must be a list of texts such as ["nodejs_compat"]'],
    [{ compatibilityFlags: [1] }, 'compatibilityFlags must be a list of texts such as ["nodejs_compat"]'],
    [{ vars: { COUNTERSIGN_KEY: 'x' } }, 'vars.COUNTERSIGN_KEY is the option key; write key in its place'],
    [{ vars: { COUNTERSIGN_NAMES: 'x' } }, 'vars.COUNTERSIGN_NAMES is the option names; write names in its place'],
    [
      { vars: { ORIGIN: 'x' }, originBinding: 'ORIGIN' },
      'vars.ORIGIN has the name of originBinding; rename one of them',
    ],
    [{ vars: { API: new Date() } }, 'vars.API must be a text, or a value that JSON can carry'],
    [{ vars: { API: [{ a: Number.NaN }] } }, 'vars.API must be a text, or a value that JSON can carry'],
    [{ vars: { API: () => 1 } }, 'vars.API must be a text, or a value that JSON can carry'],
    [
      { vars: { API: 'x' }, worker: undefined },
      'vars.API has no effect on the Worker of Countersign; pass your own worker, or remove vars',
    ],
    [{ define: null }, `define must be an object of texts such as { BUILD: '"local"' }`],
    [{ define: 'BUILD' }, 'define must be an object of texts such as'],
    [{ alias: ['/lib.ts'] }, "alias must be an object of texts such as { library: '/app/src/library.ts' }"],
    [{ define: { A: 1 } }, 'define["A"] must be a text'],
    [{ alias: { lib: null } }, 'alias["lib"] must be a text'],
    [{ alias: { lib: './lib.ts' } }, 'alias["lib"] must be an absolute path; resolve ./lib.ts first'],
    [
      { define: { A: '1' }, worker: undefined },
      'define has no effect on the Worker of Countersign; pass your own worker, or remove define',
    ],
    [{ alias: {}, worker: undefined }, 'alias has no effect on the Worker of Countersign; pass your own worker'],
    [{ vars: {}, headers: 'rfc9440' }, 'worker belongs to the Worker, and headers: "rfc9440" is a zone without one'],
    [{ vars: {}, worker: undefined, headers: 'rfc9440' }, 'vars belongs to the Worker, and headers: "rfc9440"'],
  ])('are refused: %j', async (settings, message) => {
    const options = { origin: 'http://127.0.0.1:9', worker: 'worker.ts', ...settings } as never
    const refused = await createDevEdge(options).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TypeError)
    expect((refused as Error).message).toContain(message)
  })
})
