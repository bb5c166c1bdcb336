import fastifyJwt from '@fastify/jwt'
import { JwtVerifier } from 'aws-jwt-verify'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { AUTHORITY } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'
import { ours } from './ours.ts'
import { PEERS } from './peers.ts'
import { REDIS_ORIGINS } from './redis-origins.ts'

const tokenOf = (request: FastifyRequest) => String(request.headers['cf-access-jwt-assertion'])

async function plain(prepare: (app: FastifyInstance) => Promise<void> | void): Promise<FastifyInstance> {
  const app = Fastify()
  await prepare(app)
  app.get('/', () => ({ ok: true }))
  return app
}

function withFastifyJwt(cache: boolean): Contender['build'] {
  return ({ access }) =>
    plain(async (app) => {
      const getJwks = buildGetJwks({
        issuersWhitelist: [new URL(access.jwksUri).origin],
        providerDiscovery: false,
        jwksPath: new URL(access.jwksUri).pathname,
      })
      const domain = new URL(access.jwksUri).origin
      await app.register(fastifyJwt, {
        decode: { complete: true },
        verify: { allowedIss: access.issuer, allowedAud: access.audience, extractToken: tokenOf, cache },
        secret: (_request: unknown, { header }: { header: { kid: string; alg: string } }) =>
          getJwks.getPublicKey({ kid: header.kid, alg: header.alg, domain }),
      } as never)
      app.addHook('onRequest', async (request) => {
        await request.jwtVerify()
      })
    })
}

function withFastifyJwtJwks(cache: boolean): Contender['build'] {
  return ({ access }) =>
    plain(async (app) => {
      await app.register(
        fastifyJwtJwks as never,
        {
          jwksUrl: access.jwksUri,
          issuer: access.issuer,
          audience: access.audience,
          cache,
        } as never,
      )
      // It reads the token from Authorization alone.
      app.addHook('onRequest', async (request, reply) => {
        request.headers.authorization = `Bearer ${tokenOf(request)}`
        await (app as unknown as { authenticate(request: FastifyRequest, reply: unknown): Promise<void> }).authenticate(
          request,
          reply,
        )
      })
    })
}

/** Every contender by name. The others are compared with the first. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  'bare Fastify': { checks: 'nothing', load: 'unverified', ignoresToken: true, build: () => plain(() => {}) },
  'Countersign, in full': {
    checks: 'HMAC signature, token, certificate, guard, replay in memory',
    load: 'hmac',
    build: ours(),
  },
  'Countersign, replay: false': {
    checks: 'HMAC signature, token, certificate, guard',
    load: 'hmac',
    build: ours(({ keys }) => ({ edge: { keys, hosts: [AUTHORITY], replay: false } })),
  },
  ...REDIS_ORIGINS,
  'Countersign, Ed25519': {
    checks: 'Ed25519 signature, token, certificate, guard, replay in memory',
    load: 'ed25519',
    build: ours(),
  },
  'Countersign, access: null': {
    checks: 'HMAC signature, certificate, guard, replay in memory',
    load: 'hmac',
    ignoresToken: true,
    build: ours(() => ({ access: null })),
  },
  'Countersign, edge: null': {
    checks: 'token, certificate, guard',
    load: 'unsigned',
    build: ours(() => ({ edge: null })),
  },
  'Countersign, a new token each time': {
    checks: 'as in full, with a token that is not cached',
    load: 'new tokens',
    build: ours(),
  },
  'jose, each request': {
    checks: 'token',
    load: 'unverified',
    build: ({ access }) =>
      plain((app) => {
        const keys = createRemoteJWKSet(new URL(access.jwksUri))
        app.addHook('onRequest', async (request) => {
          await jwtVerify(tokenOf(request), keys, {
            algorithms: ['RS256'],
            issuer: access.issuer,
            audience: access.audience,
          })
        })
      }),
  },
  '@fastify/jwt + get-jwks': { checks: 'token', load: 'unverified', build: withFastifyJwt(false) },
  '@fastify/jwt + get-jwks, cached': { checks: 'token', load: 'unverified', build: withFastifyJwt(true) },
  'fastify-jwt-jwks': { checks: 'token', load: 'unverified', build: withFastifyJwtJwks(false) },
  'fastify-jwt-jwks, cached': { checks: 'token', load: 'unverified', build: withFastifyJwtJwks(true) },
  'aws-jwt-verify': {
    checks: 'token',
    load: 'unverified',
    build: ({ access }) =>
      plain(async (app) => {
        const verifier = JwtVerifier.create({
          issuer: access.issuer,
          audience: access.audience,
          jwksUri: 'https://unused.example/',
        })
        verifier.cacheJwks((await (await fetch(access.jwksUri)).json()) as never)
        app.addHook('onRequest', async (request) => {
          await verifier.verify(tokenOf(request))
        })
      }),
  },
  ...PEERS,
}
