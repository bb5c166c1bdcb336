import fastifyExpress from '@fastify/express'
import clientCertificateAuth, { type PeerCertificate } from 'client-certificate-auth'
import Fastify, { type FastifyInstance } from 'fastify'

/** The certificate and the key of a server, and the CA of its clients, in PEM. */
export interface ServerCredentials {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

const isOfOps = ({ subject }: PeerCertificate) => subject.OU === 'Ops'

/** An origin that its clients reach directly. client-certificate-auth reads the certificate from the TLS socket. */
export async function buildSocketOrigin(credentials: ServerCredentials): Promise<FastifyInstance> {
  const app = Fastify({ https: { ...credentials, requestCert: true, rejectUnauthorized: false } })
  await app.register(fastifyExpress)
  app.use('/ops', clientCertificateAuth(isOfOps))
  app.get('/ops', (request) => {
    const { subject } = (request.raw.socket as import('node:tls').TLSSocket).getPeerCertificate()
    return { operator: subject.CN }
  })
  return app as unknown as FastifyInstance
}
