import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import countersign from '@countersign/origin-plugin'
import { headerLines } from '@countersign/test-support/wire-request'
import { load, requireAllAnswered } from '../lib/load.ts'
import { requireHeader, type Sample } from '../lib/sample.ts'
import { AUTHORITY, formatHead } from '../lib/signed-lines.ts'
import type { Slice } from '../lib/stats.ts'
import { ours } from '../origin/ours.ts'
import type { WorkerContender } from './contenders.ts'
import { startUpstream } from './upstream.ts'
import { requestBeforeWorker, startWorkerd } from './workerd.ts'

/** A running contender with its own upstream. */
export interface RunningWorker {
  /** Loads it for some whole seconds. */
  measure(seconds: number): Promise<Slice>
  stop(): void
}

/** Starts a contender and its upstream. */
export async function startContender(
  name: string,
  { module, bindings, leaves }: WorkerContender,
  sample: Sample,
): Promise<RunningWorker> {
  const upstream = await startUpstream(leaves)
  const worker = await startWorkerd(module, { ...bindings, COUNTERSIGN_KEY: JSON.stringify(sample.key) }, upstream.port)
  const head = formatHead(requestBeforeWorker(sample))
  return {
    async measure(seconds) {
      const before = worker.cpu()
      const counts = await load(worker.port, seconds, head, ['\r\n'])
      const used = worker.cpu() - before
      requireAllAnswered(name, counts)
      return { requestsPerSecond: counts.answered / counts.elapsed, cpu: used / counts.answered }
    },
    stop() {
      worker.stop()
      upstream.stop()
    },
  }
}

/**
 * Sends one request through a Worker to the real origin with its guard.
 *
 * @throws Error when the origin refuses the request
 */
export async function verifyAtOrigin({ module, bindings }: WorkerContender, sample: Sample): Promise<void> {
  // Without the certificate itself, nothing shows that a CA in PEM signed it.
  const byName = () => ({ trustedIssuers: [{ dn: requireHeader(sample, 'x-cert-issuer-dn-2253') }] })
  const build = ours(bindings['COUNTERSIGN_FORWARD_CERT'] === 'none' ? byName : undefined)
  const app = await build(sample, countersign)
  try {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const worker = await startWorkerd(module, { ...bindings, COUNTERSIGN_KEY: JSON.stringify(sample.key) }, port)
    try {
      const status = await statusOf(worker.port, requestBeforeWorker(sample))
      if (status !== 200) throw new Error(`the origin has answered ${status} to a request that the Worker signed`)
    } finally {
      worker.stop()
    }
  } finally {
    await app.close()
  }
}

async function statusOf(port: number, sample: Sample): Promise<number | undefined> {
  const others = headerLines(sample).filter(([name]) => name.toLowerCase() !== 'host')
  const outgoing = request({ host: '127.0.0.1', port, headers: ['Host', AUTHORITY, ...others.flat()] }).end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}
