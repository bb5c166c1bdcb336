import { load } from '../load.ts'
import type { Slice } from '../measure.ts'
import type { Sample } from '../sample.ts'
import { formatHead } from '../signed-lines.ts'
import type { WorkerContender } from './contenders.ts'
import { beforeWorker } from './incoming.ts'
import { startUpstream } from './upstream.ts'
import { startWorkerd } from './workerd.ts'

/** A contender that runs, before an upstream of its own. */
export interface RunningWorker {
  /** Loads it for some whole seconds. */
  measure(seconds: number): Promise<Slice>
  stop(): void
}

/** Starts a contender and its upstream. */
export async function startContender(contender: WorkerContender, sample: Sample): Promise<RunningWorker> {
  const { module, bindings, leaves } = contender
  const upstream = await startUpstream(leaves)
  const worker = await startWorkerd(module, { ...bindings, COUNTERSIGN_KEY: JSON.stringify(sample.key) }, upstream.port)
  const head = formatHead(beforeWorker(sample))
  return {
    async measure(seconds) {
      const before = worker.cpu()
      const { answered, refused, failed, elapsed } = await load(worker.port, seconds, head, ['\r\n'])
      const used = worker.cpu() - before
      // A refusal is cheaper than an answer: figures with refusals in them would be of something else.
      if (refused + failed > 0 || answered === 0) {
        throw new Error(`${answered} answers, ${refused} refusals, ${failed} failures`)
      }
      return { requestsPerSecond: answered / elapsed, cpu: used / answered }
    },
    stop() {
      worker.stop()
      upstream.stop()
    },
  }
}
