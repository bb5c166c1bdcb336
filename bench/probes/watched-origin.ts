import { setImmediate } from 'node:timers/promises'
import countersign from '@countersign/origin-plugin'
import { headerLines } from '@countersign/test-support/wire-request'
import { answer, createRequests, type Fields } from '../growth/answer.ts'
import type { Sample } from '../lib/sample.ts'
import { startWatched, type Watcher } from '../origin/watched.ts'

/**
 * The measured process of watched.ts: `watched-origin.ts <sample> <watchers>`, both as JSON.
 *
 * Work of other processes only adds to a batch, so the cost is that of a cheap batch: a tenth of them is cheaper.
 */
const BATCH = 100
const BATCHES = 60
const WARM_UP = 60

const [, , sampleText = '', watchersText = '[]'] = process.argv
const sample = JSON.parse(sampleText) as Sample
const app = await startWatched(sample, countersign, JSON.parse(watchersText) as Watcher[])
await app.ready()

/** The fields that the requests of `createRequests` have anyway. */
const OWN = new Set(['host', 'cf-ray', 'cf-connecting-ip', 'x-forwarded-proto', 'accept'])
const fields: Fields = headerLines(sample)
  .map(([name, value]) => [name.toLowerCase(), value] as const)
  .filter(([name]) => !OWN.has(name))
const request = createRequests(sample.key, '/')
const batch = () => Array.from({ length: BATCH }, () => request(fields))

const costs: number[] = []
for (let count = 0; count < WARM_UP + BATCHES; count += 1) {
  const cost = await answer(app, batch())
  if (count >= WARM_UP) costs.push(cost)
  // The timers of reload, health and collection run between the batches.
  await setImmediate()
}
const sorted = costs.toSorted((one, other) => one - other)
process.on('disconnect', () => process.exit())
process.send?.({ cost: sorted[Math.floor(BATCHES / 10)] })
