import type { AddressInfo } from 'node:net'
import { argv, cpuUsage } from 'node:process'
import { CONTENDERS } from './contenders.ts'
import type { Sample } from './sample.ts'

/** The measured process: starts one contender and reports the CPU time it has used whenever it is asked. */
const [, , name = '', sample = ''] = argv
const app = await CONTENDERS[name]?.build(JSON.parse(sample) as Sample)
if (!app) throw new TypeError(`there is no contender ${name}`)
await app.listen({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.({ cpu: cpuUsage() }))
process.on('disconnect', () => process.exit())
process.send?.({ port: (app.server.address() as AddressInfo).port })
