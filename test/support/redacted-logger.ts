import type { FastifyRequest, FastifyServerOptions } from 'fastify'

/** The request headers with a credential, or with the whole certificate of a client. */
const HEADERS = [
  'authorization',
  'cookie', // CF_Authorization is an Access token too
  'cf-access-jwt-assertion',
  'cf-access-client-secret',
  'signature',
  'client-cert',
  'client-cert-chain',
]

/** Paths of pino for `req.headers`, `headers`, and the cookies of an answer. */
const PATHS = [
  ...['req.headers', 'headers'].flatMap((place) => HEADERS.map((name) => `${place}["${name}"]`)),
  'res.headers["set-cookie"]',
]

/** A logger for Fastify that writes the headers of each request, without credentials. */
export const redactedLogger: Exclude<FastifyServerOptions['logger'], boolean | undefined> = {
  level: 'info',
  redact: { paths: PATHS, remove: true },
  serializers: { req: ({ method, url, headers }: FastifyRequest) => ({ method, url, headers }) },
}
