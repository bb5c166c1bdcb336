import { createCa } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import { describe, expect, it } from 'vitest'
import { AUTHORITY } from '../test/support/edge-lines.ts'
import { SIGNED_ONLY } from '../test/support/inject-signed.ts'
import { healthOf } from './countersign-health.ts'
import { type CountersignPluginOptions, resolveOptions } from './options.ts'

/** The settings of a registration that is not started. */
const settingsOf = (changes: Partial<CountersignPluginOptions>) =>
  resolveOptions({ ...SIGNED_ONLY, ...changes }, () => {})

const ACCESS = { issuer: 'https://acme.cloudflareaccess.com', audience: 'a'.repeat(64), jwksUri: 'http://127.0.0.1:9/' }

describe('healthOf', () => {
  it('has each part and each check, if the options configure all of them', async () => {
    const { pem } = await createCa('CN=Acme CA')
    const settings = settingsOf({
      edge: { keys: { file: '/none/keys.json' }, hosts: [AUTHORITY], replay: { spend: async () => true } },
      access: ACCESS,
      trustedIssuers: [{ ca: { file: '/none/ca.pem' } }, { ca: pem, revocation: { crl: '/none/list.crl' } }],
      identify: () => null,
      mode: 'report',
    })
    expect(healthOf(settings, 3)).toEqual({
      state: 'failing',
      mode: 'report',
      unenforcedRoutes: 3,
      parts: [
        {
          part: 'edge keys',
          state: 'failing',
          name: 'edge.keys from /none/keys.json',
          reason: 'it is not loaded yet',
        },
        {
          part: 'trusted issuers',
          state: 'failing',
          name: 'trustedIssuers[0].ca from /none/ca.pem',
          reason: 'it is not loaded yet',
        },
        {
          part: 'access keys',
          state: 'failing',
          name: 'the keys of http://127.0.0.1:9/',
          reason: 'the keys are not fetched yet',
        },
        {
          part: 'revocation list',
          state: 'failing',
          name: 'the revocation list of CN=Acme CA from /none/list.crl',
          reason: 'the list is out of date, or not loaded yet',
        },
        { part: 'replay store', state: 'ok', name: 'the replay store' },
      ],
      checks: ['edge signature', 'replay', 'Access token', 'trusted issuers', 'revocation', 'identify'],
      edgeKeys: [],
      versions: { origin: expect.stringMatching(/^\d+\.\d+\.\d+/), worker: null },
    })
  })

  it('has no part, key or check of an edge that is null', () => {
    expect(healthOf(settingsOf({ edge: null, access: ACCESS }), 0)).toMatchObject({
      parts: [{ part: 'access keys' }],
      checks: ['Access token'],
      edgeKeys: [],
      versions: { worker: null },
    })
  })

  it('has no check that is off next to an edge', () => {
    const edge = { ...SIGNED_ONLY.edge, replay: false as const }
    expect(healthOf(settingsOf({ edge }), 0)).toMatchObject({ state: 'ok', parts: [], checks: ['edge signature'] })
  })

  const [early, late] = [5, 9]
  it.each<[(readonly [at: number, isNewer: boolean] | undefined)[], string | null]>([
    [[undefined, undefined], null],
    [[undefined, [early, false]], 'known'],
    [[[early, true], undefined], 'newer'],
    [[[early, true], undefined, [late, false]], 'known'],
    [[[late, false], undefined, [early, true]], 'known'],
    [
      [
        [early, false],
        [late, true],
      ],
      'newer',
    ],
    [
      [
        [late, true],
        [early, false],
      ],
      'newer',
    ],
  ])('knows the Worker by the latest use of its keys: %j is %s', (uses, worker) => {
    const keys = uses.map((_, at) => hmacKey(`key-${at}`).jwk)
    const settings = settingsOf({ edge: { keys: { keys } as never, hosts: [AUTHORITY] } })
    for (const [at, use] of uses.entries()) {
      const key = settings.edge?.keys.current.get(keys[at]?.kid as string)
      if (key && use) key.lastUse = { at: use[0], isNewer: use[1] }
    }
    const { edgeKeys, versions } = healthOf(settings, 0)
    expect(versions.worker).toBe(worker)
    expect(edgeKeys).toEqual(
      uses.map((use, at) => ({ keyid: keys[at]?.kid, lastUsed: use ? new Date(use[0] * 1000) : null })),
    )
  })
})
