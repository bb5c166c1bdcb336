import { maxHeaderSize as DEFAULT_LIMIT } from 'node:http'

/** Cloudflare forwards 10 KiB of certificate and 16 KiB of intermediates. The other headers take some 4 KiB. */
export const BYTES_WITH_CHAIN = 32_768

/**
 * The advice for a server that accepts too few bytes of request headers for a forwarded chain. Node answers a larger
 * request with 431 before any hook, so the plugin could not state the cause.
 *
 * @param server - Node's server. One for HTTP/2 alone has no such limit
 * @returns `undefined` if the limit is large enough
 */
export function headerLimitAdvice(server: object): string | undefined {
  const limit = limitOf(server)
  return limit >= BYTES_WITH_CHAIN
    ? undefined
    : `trustedIssuers has chain, and this server accepts ${limit} bytes of request headers: it answers a longer Client-Cert-Chain with 431. Start Node with --max-http-header-size=${BYTES_WITH_CHAIN}, or Fastify with http: { maxHeaderSize: ${BYTES_WITH_CHAIN} }`
}

/** The property is missing on a server for HTTP/2 alone, and undefined without an option of its own. */
function limitOf(server: object): number {
  if (!('maxHeaderSize' in server)) return Number.POSITIVE_INFINITY
  return typeof server.maxHeaderSize === 'number' ? server.maxHeaderSize : DEFAULT_LIMIT
}
