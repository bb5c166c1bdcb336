import { readFileSync } from 'node:fs'
import countersign, { type CountersignPluginOptions } from '@countersign/origin-plugin'
import { VersioningType } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { AppModule } from './app-module.ts'

/** The options that differ between a laptop and production: the edge's keys, the Access application, the CAs. */
export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/** Builds the application. `module` is that of the tests, if they need another one. */
export async function buildApp(
  proofs: Proofs,
  options: FastifyServerOptions = {},
  module: new () => unknown = AppModule,
): Promise<NestFastifyApplication> {
  const server = Fastify(options)
  // Before Nest, whose adapter adds hooks and middleware to the server. They could answer a request that is not verified.
  await server.register(countersign, {
    ...proofs,
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
    // Browsers send preflights without a certificate. Nest's CORS answers them.
    routes: [{ method: 'OPTIONS', url: '*', clientCert: false }],
  })

  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(server), {
    abortOnError: false,
    logger: ['error', 'warn'],
  })
  app.setGlobalPrefix('api', { exclude: ['healthz'] })
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
  app.enableCors({ origin: 'https://app.example.com' })
  return app
}

/** Reads the options from the environment: from the file of `countersign dev`, or from the variables of production. */
export function readProofs(env: NodeJS.ProcessEnv): Proofs {
  const required = (name: string) => {
    const value = env[name]
    if (!value) throw new TypeError(`${name} is missing; examples/nest/README.md describes its value`)
    return value
  }
  return {
    edge: { keys: required('COUNTERSIGN_KEYS'), hosts: required('COUNTERSIGN_HOSTS') },
    access: {
      issuer: required('ACCESS_ISSUER'),
      audience: required('ACCESS_AUDIENCE'),
      jwksUri: required('ACCESS_JWKS_URI'),
    },
    trustedIssuers: [{ ca: readFileSync(required('CLIENT_CA'), 'utf8'), revocation: { crl: required('CLIENT_CRL') } }],
  }
}
