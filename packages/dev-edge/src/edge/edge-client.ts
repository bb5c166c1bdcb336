import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { LoginCertificate } from '../access/login-claims.ts'
import { buildTlsClientAuth, type EdgeKnowledge, type FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { readCertificateFields } from '../handshake/certificate-fields.ts'
import { readClientHandshake } from '../handshake/client-handshake.ts'

/** The client of a connection, as the edge identifies it. */
export interface EdgeClient {
  readonly certificate: X509Certificate | undefined
  /** The common name, or the whole subject without one. `undefined` without a certificate. */
  readonly name: string | undefined
  /** `request.cf.tlsClientAuth`. */
  readonly auth: FullTlsClientAuth
  /** The certificate as Access knows it. Absent unless it is verified and not revoked. */
  readonly forAccess: LoginCertificate | undefined
}

/** Reads the handshake of a connection, and applies the current revocations. */
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

/** Returns the certificate as Access knows it, or `undefined` if Access does not admit by it. */
export function certificateForAccess(auth: FullTlsClientAuth, der: Uint8Array): LoginCertificate | undefined {
  return isAdmissible(auth) ? describeForAccess(auth, der) : undefined
}

/** Access admits by certificate only a client with a verified certificate that is not revoked. */
function isAdmissible({ certVerified, certRevoked }: FullTlsClientAuth): boolean {
  return certVerified === 'SUCCESS' && certRevoked === '0'
}

/** Returns the fields of a certificate that an Access token contains. */
export function describeForAccess(auth: FullTlsClientAuth, der: Uint8Array): LoginCertificate {
  const commonName = readCertificateFields(der)
    .subject.flat()
    .findLast(({ type }) => type === 'CN')?.value
  return { ...auth, commonName: typeof commonName === 'string' ? commonName : '' }
}
