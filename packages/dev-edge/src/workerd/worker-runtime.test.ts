import { once } from 'node:events'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { startWorker } from './worker-runtime.ts'

it('passes on the lines that the Worker writes to its console', async () => {
  const lines: string[] = []
  const origin = new URL('http://127.0.0.1:9')
  const worker = await startWorker({ origin, outbound: origin, bindings: {}, log: (line) => lines.push(line) })
  const { host, port } = worker.address
  const [response] = await once(request({ host, port, path: 'https://localhost/' }).end(), 'response')
  expect(await json(response)).toMatchObject({ statusCode: 500, code: 'CSN_WORKER_KEY_MISSING' })
  const codes = () => lines.map((line) => JSON.parse(line).code)
  await expect.poll(codes, { timeout: 4000 }).toEqual(['CSN_WORKER_KEY_MISSING'])
  await worker.close()
})
