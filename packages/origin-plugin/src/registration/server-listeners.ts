import type { FastifyInstance } from 'fastify'
import { hasServerFactory, scopesAround, scopesIn } from './scopes.ts'

/** The events of Node's HTTP server whose listener has a client to itself: Fastify then gets no request. */
const TAKEOVERS = ['upgrade', 'connect', 'checkContinue', 'checkExpectation', 'stream']
const EVENTS = ['request', ...TAKEOVERS]

/** The listener of @fastify/http-proxy is the value of this symbol of the server. */
const PROXY_LISTENER = 'wsUpgradeListener'
/** The name of Node's own listener in a server for HTTP/2. It makes a request of a stream, for Fastify. */
const COMPATIBILITY_LISTENER = 'bound onServerStream'

/**
 * Checks the option `listenersInFront`.
 *
 * @throws TypeError whose message states the correction
 */
export function resolveListenersInFront(given: unknown = []): readonly string[] {
  if (Array.isArray(given) && given.every((event) => EVENTS.includes(event))) return given
  throw new TypeError(`listenersInFront must be a list of events of the HTTP server, of ${EVENTS.join(', ')}`)
}

/** The check of a server's listeners. */
export interface ServerListeners {
  /**
   * Requires that listeners in front of Fastify belong to allowed events, now and later, and that each allowed event has
   * one now.
   *
   * @throws TypeError whose message states the correction
   */
  requireOnly(allowed: readonly string[]): void
}

/**
 * Finds the listeners of the HTTP server that can answer a client in place of Fastify, where no hook runs. Servers for
 * WebSockets such as socket.io and the gateways of NestJS have such listeners.
 *
 * Call it when the plugin is registered: the listeners of a server of the operator's own factory are there then.
 */
export function watchServerListeners(app: FastifyInstance): ServerListeners {
  const { server } = app
  const own = new Set<unknown>(hasServerFactory(app) ? server.listeners('request') : [app.routing])
  const passes = (event: string, listener: unknown) => {
    if (event === 'upgrade') return passesUpgrades(app, listener)
    return event === 'stream' ? nameOf(listener) === COMPATIBILITY_LISTENER : own.has(listener)
  }

  return {
    requireOnly(allowed) {
      const inFront = EVENTS.filter((event) => !server.listeners(event).every((listener) => passes(event, listener)))
      const events = inFront.filter((event) => !allowed.includes(event))
      if (events.length > 0) throw notAllowed(events, allowed)
      const idle = allowed.filter((event) => !inFront.includes(event))
      if (idle.length > 0) throw withoutListener(idle)
      // A late listener of `request` can be an observer. One of the other events never is.
      server.on('newListener', (event: string, listener) => {
        if (TAKEOVERS.includes(event) && !allowed.includes(event) && !passes(event, listener)) {
          throw new TypeError(`${notAllowed([event], allowed).message}; add them before the server is ready`)
        }
      })
    },
  }
}

/** Whether an `upgrade` listener passes the request to Fastify: that of @fastify/websocket and @fastify/http-proxy. */
function passesUpgrades(app: FastifyInstance, listener: unknown): boolean {
  const { server } = app as { readonly server: object }
  const root = scopesAround(app).at(-1) ?? app
  const isWebsocket = nameOf(listener) === 'onUpgrade'
  const symbol = Object.getOwnPropertySymbols(server).find(({ description }) => description === PROXY_LISTENER)
  return (
    (isWebsocket && scopesIn(root).some((scope) => scope.hasDecorator('websocketServer'))) ||
    (symbol !== undefined && (server as Record<symbol, unknown>)[symbol] === listener)
  )
}

const nameOf = (listener: unknown) => (listener as { readonly name: string }).name

function notAllowed(events: readonly string[], allowed: readonly string[]): TypeError {
  return new TypeError(
    `listeners of the HTTP server for ${events.join(', ')} run in front of countersign, and could answer a client that it refuses; remove them, or write listenersInFront: ${JSON.stringify([...allowed, ...events])} if they only watch, as those of a monitoring agent do, or verify their clients themselves`,
  )
}

/** The option would let a later listener run in front, which the operator has not chosen. */
function withoutListener(events: readonly string[]): TypeError {
  return new TypeError(
    `listenersInFront allows ${events.join(', ')}, but no listener of the HTTP server for ${events.join(', ')} runs in front of countersign; remove ${events.length > 1 ? 'these events' : 'this event'} from the option, or add the listener before the server is ready`,
  )
}
