import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONTENDERS } from '../contenders.ts'
import type { Sample } from '../sample.ts'
import { AUTHORITY } from '../signed-lines.ts'
import type { WorkerContender } from './contenders.ts'
import { beforeWorker } from './incoming.ts'
import { startWorkerd } from './workerd.ts'

/** Lets the real origin, guard included, verify what a Worker signs. */
export async function verifyAtOrigin({ module, bindings }: WorkerContender, sample: Sample): Promise<void> {
  const app = await CONTENDERS['Countersign, in full']?.build(sample)
  if (!app) throw new TypeError('there is no such origin')
  try {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const worker = await startWorkerd(module, { ...bindings, COUNTERSIGN_KEY: JSON.stringify(sample.key) }, port)
    try {
      const status = await statusOf(worker.port, beforeWorker(sample))
      if (status !== 200) throw new Error(`the origin has answered ${status} to what the Worker signed`)
    } finally {
      worker.stop()
    }
  } finally {
    await app.close()
  }
}

async function statusOf(port: number, { headers }: Sample): Promise<number | undefined> {
  const others = headers.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() !== 'host' ? [name, headers[at + 1] as string] : [],
  )
  const outgoing = request({ host: '127.0.0.1', port, headers: ['Host', AUTHORITY, ...others] }).end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}
