import { X509Certificate } from 'node:crypto'
import type { HeaderSourceName } from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import { AccessIssuer } from './access/access-issuer.ts'
import { DevAccessTokens } from './access/dev-access.ts'
import { ACCESS_CERTS_PATH } from './access/team-keys.ts'
import { checkHeaders } from './check-headers.ts'
import type { DevEdge, DevEdgeOptions } from './dev-edge.ts'
import { createAccessServer } from './edge/access-endpoint.ts'
import { describeForAccess } from './edge/edge-client.ts'
import { TlsListener } from './edge/tls-listener.ts'
import type { EdgeState, NextHop } from './edge/worker-request.ts'
import { openFolder } from './folder/open-folder.ts'
import { readRevoked } from './folder/revocation-file.ts'
import { buildTlsClientAuth } from './handshake/build-tls-client-auth.ts'
import { namesOf, refuseUnknown } from './known-names.ts'
import { closeable } from './net/closeable.ts'
import { type EdgeTlsOptions, edgeFetch } from './net/edge-fetch.ts'
import { listen } from './net/listen.ts'
import { parseOriginUrl } from './net/try-origin.ts'
import { requireSupportedNode } from './old-node.ts'
import { type DevClient, issueClient, toPem } from './pki/dev-client.ts'
import { issueDevClients } from './pki/dev-clients.ts'
import { createEdgeKey, toVerificationKey } from './pki/edge-key.ts'
import { issueCrl } from './pki/issue-crl.ts'
import { formatPrivateKey } from './pki/key-pair.ts'
import { createPki } from './pki/pki.ts'
import { RunningWorker } from './workerd/running-worker.ts'
import { checkForwardCert, checkOriginBinding } from './workerd/worker-runtime.ts'
import {
  checkCompatibilityDate,
  checkCompatibilityFlags,
  checkReplacements,
  checkVars,
} from './workerd/worker-settings.ts'
import { FETCH_CF_HEADER } from './zone/origin-request.ts'
import { ZoneCache } from './zone/zone-cache.ts'
import { ZoneServer } from './zone/zone-server.ts'

const OPTIONS = namesOf<DevEdgeOptions>({
  origin: true,
  port: true,
  folder: true,
  accessPort: true,
  headers: true,
  key: true,
  forwardCert: true,
  require: true,
  names: true,
  cache: true,
  hostname: true,
  worker: true,
  vars: true,
  compatibilityDate: true,
  compatibilityFlags: true,
  define: true,
  alias: true,
  originBinding: true,
  accessFor: true,
  onRequest: true,
  log: true,
})

/** Days for which a {@link DevEdge.clientCrl} is current. */
const CRL_DAYS = 7

const HOST_NAME = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/

/**
 * Starts Cloudflare on this machine: a listener that requests client certificates, an Access team that signs tokens,
 * and the deployable Worker in workerd.
 *
 * All servers listen on 127.0.0.1. Without a `folder` all keys stay in memory, end with the process, and never reach
 * the disk.
 *
 * @throws TypeError if an option is wrong. The message tells the caller which value to write.
 * @see
 * {@link https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties Cloudflare: request.cf}
 * @example
 * ```ts
 * const edge = await createDevEdge({ origin: 'http://127.0.0.1:3000' })
 * await app.register(countersign, {
 *   edge: { keys: edge.keys, hosts: edge.hosts },
 *   access: edge.access,
 *   trustedIssuers: [edge.clientCa],
 * })
 * await edge.fetch('/me', { client: edge.clients.alice })
 * await edge.close()
 * ```
 */
export async function createDevEdge(options: DevEdgeOptions): Promise<DevEdge> {
  requireSupportedNode()
  refuseUnknown(options, OPTIONS)
  const { port = 0, accessPort = 0, hostname = 'localhost', folder, log = logToStderr, accessFor, onRequest } = options
  const origin = parseOrigin(options.origin)
  if (!HOST_NAME.test(hostname)) throw new TypeError('hostname must be a host name such as "localhost"')
  const kept = folder === undefined ? undefined : await openFolder(folder)
  const key = options.key ?? kept?.key ?? createEdgeKey()
  const source = checkHeaders(options, OPTIONS_OF_THE_WORKER)
  const bindings = workerBindings(key, options)
  checkOriginBinding(options, bindings)
  let keys: readonly SigningJwk[] = source === 'worker' ? [toVerificationKey(key)] : []

  const cache = options.cache === false ? undefined : new ZoneCache()
  const zone = new ZoneServer({ origin, cache })
  const outbound = new URL(`http://127.0.0.1:${await listen(zone.server, 0)}`)
  const starting = Promise.all([
    createPki(hostname, kept?.authorities),
    AccessIssuer.create(kept?.team),
    source === 'worker'
      ? RunningWorker.start({
          entry: options.worker,
          compatibilityDate: options.compatibilityDate,
          compatibilityFlags: options.compatibilityFlags,
          define: options.define,
          alias: options.alias,
          originBinding: options.originBinding,
          origin,
          outbound,
          cfHeader: FETCH_CF_HEADER,
          bindings,
          log,
        })
      : undefined,
  ])
  const [pki, issuer, worker] = await starting.catch(async (error) => {
    await zone.close()
    throw error
  })
  const clients = kept?.clients ?? (await issueDevClients(pki))
  const clientCa = toPem(pki.ca.certificate)
  const serverCa = toPem(pki.serverCa.certificate)

  const revoked = new Set<string>()
  const edge: EdgeState = {
    source,
    authorities: [new X509Certificate(clientCa)],
    isRevoked: ({ fingerprint256 }) => revoked.has(fingerprint256),
    tokens: new DevAccessTokens(issuer),
    accessFor: (certificate) => accessFor?.(certificate),
  }
  const revokeAtEdge = ({ cert }: DevClient) => {
    revoked.add(new X509Certificate(cert).fingerprint256)
  }
  revokeAtEdge(clients.revoked)
  const listed = new Set<string>()

  const listener = new TlsListener({
    cert: toPem(pki.server.certificate),
    key: formatPrivateKey(pki.server.keys.privateKey),
    clientCa,
    edge,
    access: issuer,
    next: worker ? throughWorker(worker) : straightTo(outbound, origin),
    onRequest,
    log,
  })
  const accessServer = createAccessServer(issuer)
  const closeAccessServer = closeable(accessServer)
  const close = async () => {
    await Promise.all([listener.close(), closeAccessServer(), worker?.close()])
    await zone.close()
  }

  let ports: { readonly tls: number; readonly access: number }
  try {
    ports = { tls: await listen(listener.server, port), access: await listen(accessServer, accessPort) }
  } catch (error) {
    await close()
    throw error
  }

  const tlsOptions = (client?: DevClient): EdgeTlsOptions => ({
    host: '127.0.0.1',
    port: ports.tls,
    servername: hostname,
    ca: serverCa,
    ...(client && { cert: client.cert, key: client.key }),
  })
  return {
    url: `https://${hostname}:${ports.tls}`,
    source,
    hosts: [new URL(`https://${hostname}:${ports.tls}`).host],
    get keys() {
      return keys
    },
    access: {
      issuer: issuer.issuer,
      audience: issuer.audience,
      jwksUri: `http://127.0.0.1:${ports.access}${ACCESS_CERTS_PATH}`,
    },
    clientCa,
    serverCa,
    clients,
    issueClient: (clientOptions) => issueClient(pki, clientOptions),
    revokeAtEdge,
    addToCrl: ({ cert }) => {
      listed.add(new X509Certificate(cert).serialNumber.toLowerCase())
    },
    clientCrl: async () => issueCrl(pki.ca, [...(folder ? await readRevoked(folder) : []), ...listed], CRL_DAYS),
    accessToken: ({ as = 'user', client = clients.alice, ...rest } = {}) =>
      issuer.sign({ as, certificate: describeClient(client, edge), ...rest }),
    rotateAccessKeys: () => issuer.rotateKeys(),
    purgeCache: () => cache?.purge(),
    rotateKey: async (next = createEdgeKey()) => {
      const running = requireWorker(worker, source)
      const verification = toVerificationKey(next)
      if (verification.kid === keys[0]?.kid)
        throw new TypeError('key.kid must differ from the kid of the previous key; choose another')
      await running.exchange({ bindings: workerBindings(next, options) })
      keys = [verification, ...keys.slice(0, 1)]
    },
    reloadWorker: async () => {
      const running = requireWorker(worker, source)
      return running.exchange().then(
        () => true,
        (error) => {
          log(`The Worker was not reloaded. ${error.message}`)
          return false
        },
      )
    },
    fetch: (path, fetchOptions = {}) => edgeFetch(path, fetchOptions, tlsOptions(fetchOptions.client)),
    tlsOptions,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function describeClient({ cert, ca }: DevClient, edge: EdgeState) {
  const leaf = new X509Certificate(cert)
  const chain = ca ? [new X509Certificate(ca)] : []
  return describeForAccess(buildTlsClientAuth({ leaf, chain, verdict: 'SUCCESS' }, edge), leaf.raw)
}

function parseOrigin(origin: string): URL {
  const url = parseOriginUrl(origin)
  if (url) return url
  throw new TypeError('origin must be a plain HTTP origin such as "http://127.0.0.1:3000"')
}

const OPTIONS_OF_THE_WORKER = [
  'key',
  'forwardCert',
  'require',
  'names',
  'worker',
  'vars',
  'compatibilityDate',
  'compatibilityFlags',
  'define',
  'alias',
  'originBinding',
] as const

function requireWorker(worker: RunningWorker | undefined, source: HeaderSourceName): RunningWorker {
  if (worker) return worker
  throw new TypeError(`this edge has no Worker, because headers is "${source}"; remove headers to run it`)
}

function throughWorker(worker: RunningWorker): NextHop {
  const takeUncaught = () => worker.uncaught.take()
  return { origin: worker.origin, sender: 'The Worker', lease: () => worker.lease(), takeUncaught }
}

/** The zone's cache takes the requests of a zone without a Worker. */
function straightTo({ hostname, port }: URL, origin: URL): NextHop {
  return { origin, sender: 'The edge', lease: () => ({ host: hostname, port: Number(port), release() {} }) }
}

function workerBindings(key: SigningJwk, options: DevEdgeOptions) {
  const { forwardCert = 'leaf', require = 'none', names = 'all' } = options
  checkForwardCert(forwardCert)
  if (!['all', 'rfc2253'].includes(names)) throw new TypeError('names must be "all" or "rfc2253"')
  if (!['none', 'verified'].includes(require)) throw new TypeError('require must be "none" or "verified"')
  checkVars(options)
  checkCompatibilityDate(options.compatibilityDate)
  checkCompatibilityFlags(options.compatibilityFlags)
  checkReplacements(options)
  return {
    ...options.vars,
    COUNTERSIGN_KEY: JSON.stringify(key),
    COUNTERSIGN_FORWARD_CERT: forwardCert,
    COUNTERSIGN_REQUIRE: require,
    COUNTERSIGN_NAMES: names,
  }
}

function logToStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}
