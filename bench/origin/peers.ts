import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { Server } from 'node:http'
import { cloudflareAccess } from '@hono/cloudflare-access'
import { createAdaptorServer } from '@hono/node-server'
import { createVerifier } from 'fast-jwt'
import Fastify, { type FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import type { Sample } from '../lib/sample.ts'
import type { Contender, Origin } from './contender.ts'

interface Jwks {
  readonly keys: readonly JsonWebKey[]
}

/**
 * Peers that check the token alone.
 *
 * fast-jwt does not read a JWKS. Its contender converts the team's newest key once, which is cheaper for a request than
 * the function that fast-jwt can call for a key.
 */
export const PEERS: Readonly<Record<string, Contender>> = {
  'fast-jwt, cached': {
    checks: 'token',
    load: 'unverified',
    async build({ access }) {
      const [key] = (await fetchKeys(access.jwksUri)).keys
      const verify = createVerifier({
        key: createPublicKey({ key: { ...key }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
        cache: true,
        algorithms: ['RS256'],
        allowedIss: access.issuer,
        allowedAud: access.audience,
      })
      const app = Fastify()
      app.addHook('onRequest', async (request: FastifyRequest) => {
        verify(String(request.headers['cf-access-jwt-assertion']))
      })
      app.get('/', () => ({ ok: true }))
      return app
    },
  },
  'bare Hono': { checks: 'nothing', load: 'unverified', ignoresToken: true, build: async () => serve(new Hono()) },
  '@hono/cloudflare-access': {
    checks: 'token',
    load: 'unverified',
    async build(sample) {
      answerAccessFetches(sample)
      const [team = ''] = new URL(sample.access.issuer).hostname.split('.')
      return serve(new Hono().use(cloudflareAccess(team, sample.access.audience)))
    },
  },
}

async function fetchKeys(url: string): Promise<Jwks> {
  return (await (await fetch(url)).json()) as Jwks
}

/** The middleware fetches the keys of a team from Cloudflare, without an option for another place. */
function answerAccessFetches({ access }: Sample): void {
  const { fetch } = globalThis
  const certs = `${access.issuer}/cdn-cgi/access/certs`
  globalThis.fetch = (input, init) => fetch(String(input) === certs ? access.jwksUri : input, init)
}

function serve(app: Hono): Origin {
  app.get('/', (context) => context.json({ ok: true }))
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  return {
    server,
    listen: ({ host, port }) => new Promise<void>((resolve) => server.listen(port, host, resolve)),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
