import cluster from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import { argv } from 'node:process'

/**
 * The primary process of an origin with two workers, which share one port. Sends the port to its parent when both listen.
 *
 * Arguments: those of `origin-process.ts`, which both workers run. The workers end when the parent disconnects.
 */
cluster.setupPrimary({ exec: join(import.meta.dirname, 'origin-process.ts'), args: argv.slice(2) })

// A connection would move to the worker that is left, and a test of two workers would test one.
cluster.on('exit', (worker) => {
  console.error(`worker ${worker.process.pid} has ended`)
  process.exit(1)
})
const workers = [cluster.fork(), cluster.fork()]
const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number))
process.on('disconnect', () => process.exit())
process.send?.(ports[0])
