import { join } from 'node:path'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { CountersignFileOptions } from './plugins/countersign.ts'

/**
 * The application of `fastify start`: all files in `plugins`, then all files in `routes`.
 *
 * @param options - those of the tests. In production, the environment has them.
 */
export default async function app(fastify: FastifyInstance, options: CountersignFileOptions): Promise<void> {
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins'), options: { ...options } })
  // Autoload skips a file without a default export, and all files next to an index.ts. It reports neither.
  if (!fastify.hasRequestDecorator('clientCert')) {
    throw new TypeError(
      'plugins/countersign.ts was not loaded, so nothing would guard the routes; export its plugin by default, and remove plugins/index.ts',
    )
  }
  fastify.register(autoload, {
    dir: join(import.meta.dirname, 'routes'),
    options: { ...options },
    // Without these, the requirement in routes/jobs/autohooks.ts would reach no route, or none of a folder inside.
    autoHooks: true,
    cascadeHooks: true,
  })
}
