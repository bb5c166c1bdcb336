import { setImmediate as otherWork } from 'node:timers/promises'
import { isTrustedNow, requireTrust, requireValidNow, type TrustedCert } from '../certificate/read-trusted-cert.ts'
import { reopenCert } from '../certificate/shareable-cert.ts'
import type { CompiledIssuer } from '../certificate/trusted-issuers.ts'
import type { ClientCert } from '../client-cert.ts'
import { type CountersignError, isCountersignError, refusalAt } from '../errors.ts'
import { describeError } from '../lib/quote-error.ts'

const refuse = refusalAt('trust')

/** The property of a server with the watch of its plugin. */
export const TRUST_WATCH: unique symbol = Symbol('countersign.trustWatch')

/** A connection that lives longer than the request that opened it. */
export interface WatchedConnection {
  /** Whether it has ended, so that nobody asks for its client any more. */
  isClosed(): boolean
  /** Gets the refusal that a new request of the client would get. It is called once, and must not throw. */
  distrust(refusal: CountersignError): void
}

/** Asks again and again whether clients are still trusted. */
export interface TrustWatch {
  /** @returns a function that ends the watch of this connection */
  add(clientCert: ClientCert, connection: WatchedConnection): () => void
  /** Ends the watch for good. */
  stop(): void
}

/** A client with its connections. Its certificate is checked once for all of them. */
interface Client {
  readonly connections: Set<WatchedConnection>
  /** The last finding. */
  trusted: TrustedCert | undefined
}

/** Milliseconds between two checks, and for which a check holds up other work. */
const INTERVAL = 1_000
const SLICE = 5

/**
 * Makes a watch of clients.
 *
 * It asks every second, and does not wait for an event: so it notices a new revocation list, a list that is out of date,
 * a clock that was set, and a CA that is trusted no longer, all in one way.
 * The timer does not keep the process alive, and runs only while there is a connection to watch.
 *
 * @param trustedIssuers - the issuers that are trusted at present
 * @param now - seconds since the epoch
 */
export function createTrustWatch(
  trustedIssuers: () => readonly CompiledIssuer[] | null,
  now: () => number = () => Date.now() / 1000,
): TrustWatch {
  const clients = new Map<ClientCert, Client>()
  let timer: NodeJS.Timeout | undefined
  let isChecking = false
  let isStopped = false

  function add(clientCert: ClientCert, connection: WatchedConnection): () => void {
    if (isStopped) return () => {}
    const client = clients.get(clientCert) ?? { connections: new Set(), trusted: undefined }
    clients.set(clientCert, client)
    client.connections.add(connection)
    timer ??= setInterval(checkAll, INTERVAL).unref()
    return () => remove(clientCert, client, connection)
  }

  function remove(clientCert: ClientCert, client: Client, connection: WatchedConnection): void {
    client.connections.delete(connection)
    if (client.connections.size === 0 && clients.get(clientCert) === client) clients.delete(clientCert)
    if (clients.size === 0) pause()
  }

  function pause(): void {
    clearInterval(timer)
    timer = undefined
  }

  /** Checks every client, and lets other work run in between. */
  async function checkAll(): Promise<void> {
    if (isChecking) return
    isChecking = true
    try {
      let start = performance.now()
      // Copies: a callback can watch the client again, whose turn is the next check. Otherwise this one would never end.
      for (const [clientCert, client] of [...clients]) {
        if (clients.get(clientCert) !== client) continue
        check(clientCert, client)
        if (performance.now() - start < SLICE) continue
        await otherWork()
        start = performance.now()
      }
    } finally {
      isChecking = false
    }
  }

  function check(clientCert: ClientCert, client: Client): void {
    for (const connection of client.connections) {
      if (connection.isClosed()) remove(clientCert, client, connection)
    }
    const refusal = client.connections.size > 0 ? refusalOf(clientCert, client) : undefined
    if (!refusal) return
    for (const connection of [...client.connections]) {
      // The callback of another connection can have ended its watch.
      if (!client.connections.has(connection)) continue
      remove(clientCert, client, connection)
      connection.distrust(refusal)
    }
  }

  function refusalOf(clientCert: ClientCert, client: Client): CountersignError | undefined {
    const time = now()
    try {
      const issuers = trustedIssuers()
      if (!client.trusted || !isTrustedNow(client.trusted, issuers, time)) {
        client.trusted = requireTrust(reopenCert(clientCert), issuers, time)
      }
      requireValidNow(client.trusted, time)
      return undefined
    } catch (error) {
      if (isCountersignError(error)) return error
      return refuse('CSN_CERT_UNTRUSTED_ISSUER', `the check of the certificate threw ${describeError(error)}`)
    }
  }

  return {
    add,
    stop() {
      isStopped = true
      clients.clear()
      pause()
    },
  }
}
