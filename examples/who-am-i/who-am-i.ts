import { clientCertOf, isCountersignError } from '@countersign/origin-plugin'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { renderAdmitted } from './admitted.ts'
import { serveAssets } from './assets.ts'
import { sendPage } from './layout.ts'
import { prefersHtml } from './prefers-html.ts'
import type { WhoAmIOptions } from './proofs.ts'
import { renderRefused } from './refused.ts'
import { routesToTry } from './try-routes.ts'

export type { WhoAmIOptions } from './proofs.ts'

/**
 * Answers refused visitors with a page, and programs with JSON as before. Call it before any route is declared: a Fastify
 * route keeps the error handler that was set before it.
 */
export function showRefusals(app: FastifyInstance, options: WhoAmIOptions): void {
  app.setErrorHandler((error, request, reply) => {
    reply.header('vary', 'Accept')
    if (isCountersignError(error) && prefersHtml(request.headers.accept)) {
      return sendPage(reply, error.statusCode, renderRefused(error, options))
    }
    // As without this page: Fastify's own handler writes the JSON.
    return reply.send(error)
  })
}

/** A page at `/` that shows visitors their certificate and its proofs. Register it after countersign. */
export const whoAmI: FastifyPluginCallback<WhoAmIOptions> = fp(registerWhoAmI, { name: 'who-am-i', fastify: '5.x' })

async function registerWhoAmI(app: FastifyInstance, options: WhoAmIOptions): Promise<void> {
  serveAssets(app)

  app.get('/', (request, reply) => {
    const admitted = { cert: clientCertOf(request), access: request.access, now: new Date() }
    return sendPage(reply, 200, renderAdmitted(admitted, options, routesToTry(app.clientCertRoutes())))
  })
}
