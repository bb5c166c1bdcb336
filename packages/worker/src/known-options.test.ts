import { describe, expect, it } from 'vitest'
import { countersign } from './countersign.ts'
import { checkRequirement, type EdgeRequirement } from './edge-requirement.ts'
import { CountersignWorkerError } from './errors.ts'
import { checkOptions } from './known-options.ts'
import { checkFetcher, type OriginFetcher } from './origin-fetcher.ts'
import { createWorker, type WorkerOptions } from './worker.ts'

const KNOWN = new Map([
  ['key', false],
  ['require', true],
])

/** The code and message of the error that a check throws; `undefined` if it throws none. */
function faultOf(check: () => void): [code: string, message: string] | undefined {
  try {
    check()
  } catch (error) {
    if (!(error instanceof CountersignWorkerError)) throw error
    return [error.code, error.message]
  }
  return undefined
}

describe('checkOptions', () => {
  it.each([{}, { key: 'a' }, { key: undefined }, { require: null }, { key: 'a', require: {} }])(
    'accepts %o',
    (options) => {
      expect(faultOf(() => checkOptions(options, KNOWN))).toBeUndefined()
    },
  )

  it.each([
    [{ requires: {} }, 'unknown option "requires"; known options are key, require'],
    [{ constructor: {} }, 'unknown option "constructor"; known options are key, require'],
    [{ key: 'a', Require: {} }, 'unknown option "Require"; known options are key, require'],
    [
      { require: undefined },
      'require is undefined; set the variable or binding that it comes from, or leave the option out',
    ],
  ])('refuses %o', (options, message) => {
    expect(faultOf(() => checkOptions(options, KNOWN))).toEqual(['CSN_WORKER_OPTION_INVALID', message])
  })

  it('refuses the options of a whole Worker that are given to countersign(), which would not enforce them', async () => {
    const options = { key: undefined, require: { verified: true } } as WorkerOptions
    await expect(countersign(new Request('https://app.example.com/'), options)).rejects.toMatchObject({
      code: 'CSN_WORKER_OPTION_INVALID',
      message: 'unknown option "require"; known options are key, forwardCert, names',
    })
  })

  it('runs for the options of a Worker', async () => {
    const worker = createWorker(() => ({ key: undefined, fetch: globalThis }) as WorkerOptions)
    const context = { waitUntil: () => {} }
    const response = await worker.fetch(new Request('https://app.example.com/'), {}, context)
    expect(await response.json()).toMatchObject({ statusCode: 500, code: 'CSN_WORKER_OPTION_INVALID' })
  })
})

describe('checkRequirement', () => {
  it.each([{ verified: true }, { verified: false }, { access: 'a' }, { verified: true, access: 'a' }])(
    'accepts %o',
    (requirement) => {
      expect(faultOf(() => checkRequirement(requirement))).toBeUndefined()
    },
  )

  it.each<unknown>([
    'verified',
    'none',
    null,
    true,
    {},
    [],
    ['verified'],
    { verified: undefined },
    { verified: 'true' },
    { verified: 1 },
    { access: undefined },
    { access: '' },
    { access: ['a'] },
    { verified: true, access: undefined },
    { verified: undefined, access: 'a' },
    { verified: true, acces: 'a' },
    { constructor: true },
  ])('refuses %o', (requirement) => {
    expect(faultOf(() => checkRequirement(requirement as EdgeRequirement))).toEqual([
      'CSN_WORKER_OPTION_INVALID',
      'require must be { verified: true }, { access: "<audience tag>" } or both; leave it out to require nothing',
    ])
  })
})

describe('checkFetcher', () => {
  it.each([{ fetch: () => {} }, Object.assign(() => {}, { fetch: () => {} })])('accepts %o', (fetcher) => {
    expect(faultOf(() => checkFetcher(fetcher as unknown as OriginFetcher))).toBeUndefined()
  })

  it.each([
    [null, 'null'],
    ['https://origin.example.com', 'string'],
    [globalThis.fetch, 'function'],
    [{ Fetch: () => {} }, 'object'],
    [{ fetch: 'https://origin.example.com' }, 'object'],
  ])('refuses %o', (fetcher, given) => {
    expect(faultOf(() => checkFetcher(fetcher as unknown as OriginFetcher))).toEqual([
      'CSN_WORKER_FETCHER_INVALID',
      `fetcher (COUNTERSIGN_ORIGIN) must have fetch(), and is of the type ${given}; bind a VPC service, an mTLS certificate or a Worker under this name in wrangler.jsonc`,
    ])
  })
})
