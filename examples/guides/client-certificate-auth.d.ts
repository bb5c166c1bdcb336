/** The types of client-certificate-auth 0.3, which has none. */
declare module 'client-certificate-auth' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { PeerCertificate } from 'node:tls'

  export type { PeerCertificate }

  export type Check =
    | ((cert: PeerCertificate) => boolean)
    | ((cert: PeerCertificate, done: (authorized: boolean) => void) => void)

  export default function clientCertificateAuth(
    check: Check,
  ): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
}
