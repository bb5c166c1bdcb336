import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { LoginCertificate } from '../access/login-claims.ts'
import { buildTlsClientAuth, type EdgeKnowledge, type FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { readCertificateFields } from '../handshake/certificate-fields.ts'
import { readClientHandshake } from '../handshake/client-handshake.ts'

/** Who is at the other end of a connection, as far as the edge can tell. */
export interface EdgeClient {
  readonly certificate: X509Certificate | undefined
  /** The common name, or the whole subject without one; `undefined` without a certificate. */
  readonly name: string | undefined
  /** `request.cf.tlsClientAuth`. */
  readonly auth: FullTlsClientAuth
  /** What Access knows of the certificate: only of one that is verified and not revoked. */
  readonly forAccess: LoginCertificate | undefined
}

/** Reads the handshake of a connection in the light of what the edge knows now. */
export function readEdgeClient(socket: TLSSocket, edge: EdgeKnowledge): EdgeClient {
  const handshake = readClientHandshake(socket)
  const auth = buildTlsClientAuth(handshake, edge)
  if (!handshake) return { certificate: undefined, name: undefined, auth, forAccess: undefined }
  const described = describeForAccess(auth, handshake.leaf.raw)
  return {
    certificate: handshake.leaf,
    name: described.commonName || auth.certSubjectDN,
    auth,
    forAccess: isAdmissible(auth) ? described : undefined,
  }
}

/** What Access may say of a certificate: `undefined` unless it admits by it. */
export function certificateForAccess(auth: FullTlsClientAuth, der: Uint8Array): LoginCertificate | undefined {
  return isAdmissible(auth) ? describeForAccess(auth, der) : undefined
}

/** Access admits by certificate only a client whose certificate is verified and not revoked. */
function isAdmissible({ certVerified, certRevoked }: FullTlsClientAuth): boolean {
  return certVerified === 'SUCCESS' && certRevoked === '0'
}

/** What an Access token says of a certificate. */
export function describeForAccess(auth: FullTlsClientAuth, der: Uint8Array): LoginCertificate {
  const commonName = readCertificateFields(der)
    .subject.flat()
    .findLast(({ type }) => type === 'CN')?.value
  return { ...auth, commonName: typeof commonName === 'string' ? commonName : '' }
}
