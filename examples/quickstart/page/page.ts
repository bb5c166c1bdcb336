import { clientCertOf, isCountersignError } from '@countersign/origin-plugin'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { renderAdmitted } from './admitted.ts'
import { serveAssets } from './assets.ts'
import { sendPage } from './layout.ts'
import type { PageOptions } from './page-options.ts'
import { prefersHtml } from './prefers-html.ts'
import { renderRefused } from './refused.ts'
import { routesToTry } from './try-routes.ts'

/**
 * A page at `/` that shows visitors who they are and what proved it, and one for those who are refused. Register it
 * behind countersign.
 */
export const page: FastifyPluginCallback<PageOptions> = fp(registerPage, { name: 'quickstart-page', fastify: '5.x' })

async function registerPage(app: FastifyInstance, options: PageOptions): Promise<void> {
  serveAssets(app)

  app.get('/', (request, reply) => {
    const admitted = { cert: clientCertOf(request), access: request.access, now: new Date() }
    return sendPage(reply, 200, renderAdmitted(admitted, options, routesToTry(app.clientCertRoutes())))
  })

  app.setErrorHandler((error, request, reply) => {
    reply.header('vary', 'Accept')
    if (isCountersignError(error) && prefersHtml(request.headers.accept)) {
      return sendPage(reply, error.statusCode, renderRefused(error, options))
    }
    // As without this page: Fastify's own handler writes the JSON.
    return reply.send(error)
  })
}
