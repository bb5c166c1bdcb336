import { type BlockList, isIP } from 'node:net'
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The limits of {@link limitRates}, in requests a minute. */
export interface RateLimits {
  /** The addresses from which Cloudflare connects: those of cloudflared, or Cloudflare's published ranges. */
  readonly edges: BlockList
  /** For each address, refused requests included. */
  readonly perAddress: number
  /** For each certificate. */
  readonly perClient: number
}

/**
 * Limits the requests of each address before the plugin, and those of each client after it. Register it before the
 * plugin, whose option `hooksInFront` then needs `limitAddress`.
 */
export async function limitRates(app: FastifyInstance, { edges, perAddress, perClient }: RateLimits): Promise<void> {
  const addressOf = (request: FastifyRequest) => connectingAddress(request, edges)
  await app.register(rateLimit, {
    max: perClient,
    timeWindow: '1 minute',
    keyGenerator: (request) => request.clientCert?.fingerprint256 ?? addressOf(request),
  })
  // Not a second hook of app.rateLimit(): only one of them runs for a request.
  const count = app.createRateLimit({ max: perAddress, timeWindow: '1 minute', keyGenerator: addressOf })
  app.addHook('onRequest', async function limitAddress(request: FastifyRequest, reply: FastifyReply) {
    const limit = await count(request)
    if (limit.isAllowed || !limit.isExceeded) return
    return reply
      .code(429)
      .header('retry-after', limit.ttlInSeconds)
      .send({ statusCode: 429, error: 'Too Many Requests' })
  })
}

/**
 * The address of a client.
 *
 * Attack: nobody signs `CF-Connecting-IP`. A client around Cloudflare writes another address in each request to evade the
 * limit, or that of a victim to use up its limit. So only a connection from Cloudflare counts as a source of this header.
 */
function connectingAddress({ headers, socket }: FastifyRequest, edges: BlockList): string {
  const peer = normalizeIP(socket.remoteAddress ?? '')
  const claimed = headers['cf-connecting-ip']
  const isFromEdge = isIP(peer) > 0 && edges.check(peer, isIP(peer) === 4 ? 'ipv4' : 'ipv6')
  return isFromEdge && typeof claimed === 'string' && isIP(claimed) ? normalizeIP(claimed) : peer
}
