import { X509Certificate } from 'node:crypto'
import type { LoginCertificate } from '../access/login-claims.ts'
import { certificateForAccess } from '../edge/edge-client.ts'
import { buildTlsClientAuth, type FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import type { ClientHandshake } from '../handshake/client-handshake.ts'
import type { MutualTlsOptions } from '../handshake/mutual-tls.ts'
import { namesOf, refuseUnknown } from '../known-names.ts'
import { CLIENT_OPTIONS, type DevClient, type IssueClientOptions, issueClient, toPem } from '../pki/dev-client.ts'
import { formatPrivateKey } from '../pki/key-pair.ts'
import { expiredDates, type Pki } from '../pki/pki.ts'
import { shakeHands } from './shake-hands.ts'

/**
 * A client certificate to issue.
 *
 * @example
 * ```ts
 * const cert: TestCertificate = { subject: 'CN=pay-1,O=Acme', expired: true }
 * await edge.inject(app, { url: '/me', cert })
 * ```
 */
export interface TestCertificate extends Omit<IssueClientOptions, 'name'> {
  /** Whether it expired yesterday. Excludes `notBefore` and `notAfter`. */
  readonly expired?: boolean | undefined
  /** Whether the edge lists it as revoked. */
  readonly revoked?: boolean | undefined
}

const { name: _, ...CERTIFICATE } = CLIENT_OPTIONS
const DESCRIPTION = namesOf<TestCertificate>({ ...CERTIFICATE, expired: true, revoked: true })

/** A client as the edge sees it: the value for the Worker, and the certificate as Access knows it. */
export interface SeenClient {
  readonly tlsClientAuth: FullTlsClientAuth
  /** Absent unless the certificate is verified and not revoked. */
  readonly certificate: LoginCertificate | undefined
}

/** Issues the clients of a test edge and performs their handshakes, each once. */
export class TestClients {
  readonly clientCa: string
  readonly #pki: Pki
  readonly #tls: MutualTlsOptions
  readonly #authorities: readonly X509Certificate[]
  readonly #issued = new Map<string, Promise<DevClient>>()
  /** By PEM. A copy of a client is still the same client. */
  readonly #handshakes = new Map<string, Promise<ClientHandshake | undefined>>()
  readonly #revoked = new Set<string>()

  constructor(pki: Pki) {
    this.clientCa = toPem(pki.ca.certificate)
    this.#pki = pki
    this.#authorities = [new X509Certificate(this.clientCa)]
    this.#tls = edgeTls(pki, this.clientCa)
  }

  /** Issues a client, and returns the same client for the same description. */
  async issue(description: TestCertificate): Promise<DevClient> {
    refuseUnknown(description, DESCRIPTION, 'cert')
    if (description.subject !== undefined && typeof description.subject !== 'string') {
      throw new TypeError("cert.subject must be a name as text, such as 'CN=pay-1,O=Acme'")
    }
    const key = JSON.stringify(description)
    const issued = this.#issued.get(key) ?? this.#issue(description)
    this.#issued.set(key, issued)
    return issued
  }

  async #issue({ expired = false, revoked = false, ...options }: TestCertificate): Promise<DevClient> {
    if (expired && (options.notBefore ?? options.notAfter)) {
      throw new TypeError('cert.expired excludes notBefore and notAfter; write one or the other')
    }
    const dates = expired ? expiredDates() : {}
    const client = await issueClient(this.#pki, { ...options, ...dates })
    if (revoked) this.#revoked.add(new X509Certificate(client.cert).fingerprint256)
    return client
  }

  /** Returns the client as the edge sees it when it connects. */
  async see(client: DevClient | undefined): Promise<SeenClient> {
    const handshake = client && (await this.#handshake(client))
    const tlsClientAuth = buildTlsClientAuth(handshake, {
      authorities: this.#authorities,
      isRevoked: ({ fingerprint256 }) => this.#revoked.has(fingerprint256),
    })
    return { tlsClientAuth, certificate: handshake && certificateForAccess(tlsClientAuth, handshake.leaf.raw) }
  }

  async #handshake(client: DevClient): Promise<ClientHandshake | undefined> {
    const handshake = this.#handshakes.get(client.cert) ?? shakeHands(client, this.#tls)
    this.#handshakes.set(client.cert, handshake)
    return handshake
  }
}

function edgeTls({ server }: Pki, clientCa: string): MutualTlsOptions {
  return { cert: toPem(server.certificate), key: formatPrivateKey(server.keys.privateKey), clientCa }
}
