import {
  type CountersignError,
  type CountersignErrorCode,
  clientCertOf,
  isCountersignError,
} from '@countersign/origin-plugin'
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { renderAdmittedPage } from './admitted-page.ts'
import type { ProofOptions } from './chain-of-proofs.ts'
import { DOCUMENT_HEADERS, serveAssets } from './document.ts'
import { prefersHtml, renderRefusedPage } from './refused-page.ts'
import { NOT_ENFORCED, renderUnenforcedPage } from './unenforced-page.ts'

/** The plugin's options for the proofs, unchanged, and the amount of detail to show. */
export interface WhoAmIOptions extends ProofOptions {
  /**
   * Whether the pages show a refusal's reason and each route's requirement. Default `false`: in production they belong in
   * the log alone, because they would tell an attacker which attempt came close, and which to make next.
   */
  readonly explain?: boolean
}

/**
 * A Fastify plugin: a page at `/` that shows admitted clients their proven identity, and a page for refused clients.
 *
 * Register it after countersign, before or after your routes. Your error handler stays in place: it answers programs, and
 * refused browsers get the page with the same status.
 *
 * @throws Error (from `register`) if countersign is not registered
 * @example
 * ```ts
 * const app = await buildApp(proofs)
 * await app.register(whoAmI, { ...proofs, explain: true })
 * ```
 */
export const whoAmI: FastifyPluginCallback<WhoAmIOptions> = fp(registerWhoAmI, {
  name: 'who-am-i',
  fastify: '5.x',
  dependencies: ['@countersign/origin-plugin'],
})

async function registerWhoAmI(app: FastifyInstance, { explain = false, ...proofs }: WhoAmIOptions): Promise<void> {
  serveAssets(app)

  app.get('/', (request, reply) => {
    const code = reply.getHeader(NOT_ENFORCED) as CountersignErrorCode | undefined
    if (code !== undefined) return reply.headers(DOCUMENT_HEADERS).send(String(renderUnenforcedPage(code)))
    const admitted = { cert: clientCertOf(request), access: request.access, now: new Date() }
    const page = renderAdmittedPage(admitted, proofs, app.clientCertRoutes(), explain)
    return reply.headers(DOCUMENT_HEADERS).send(String(page))
  })

  // Hooks and not an error handler: Fastify binds the error handler of a route when the route is declared, so a handler
  // that is set here would not apply to the routes before.
  const refusals = new WeakMap<FastifyRequest, CountersignError>()
  app.addHook('onError', async (request, reply, error) => {
    reply.header('vary', 'Accept')
    if (isCountersignError(error) && prefersHtml(request.headers.accept)) refusals.set(request, error)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const error = refusals.get(request)
    if (error === undefined) return payload
    reply.headers(DOCUMENT_HEADERS)
    return String(renderRefusedPage(error, proofs, explain))
  })
}
