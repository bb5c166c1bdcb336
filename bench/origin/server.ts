import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { argv, cpuUsage } from 'node:process'
import { pathToFileURL } from 'node:url'
import type { Sample } from '../lib/sample.ts'
import type { Plugin } from './contender.ts'
import { contenderOf } from './measure.ts'

/**
 * The measured process: `server.ts <contender> <sample as JSON> <checkout>`.
 *
 * It starts one contender with the plugin of a checkout. Node resolves the plugin's own imports in that checkout. Each
 * message gets the CPU time of the process as its answer.
 */
const [, , name = '', sample = '', checkout = ''] = argv
const contender = contenderOf(name)
if (!contender) throw new TypeError(`contender "${name}" is unknown`)
const entry = contender.built ? 'packages/origin-plugin/dist/index.js' : 'packages/origin-plugin/src/index.ts'
const { default: plugin } = (await import(pathToFileURL(join(checkout, entry)).href)) as { default: Plugin }
const app = await contender.build(JSON.parse(sample) as Sample, plugin)
await app.listen({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.({ cpu: cpuUsage() }))
process.on('disconnect', () => process.exit())
process.send?.({ port: (app.server.address() as AddressInfo).port })
