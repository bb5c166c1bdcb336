import { PATH_METADATA } from '@nestjs/common/constants.js'
import { declaredByName, declaredFor, enforcedRequirement, handlersOf } from './require-client-cert.ts'

/** The mark of `@WebSocketGateway()`. Its package is not part of the example. */
const GATEWAY_METADATA = 'websockets:is_gateway'

/** A controller or provider of the application. */
type Class = abstract new (...parameters: never[]) => unknown

/**
 * Requires that Fastify gets every requirement that is written in decorators. Nest and Fastify drop some of them
 * silently, and the route would then admit every verified certificate.
 *
 * @throws TypeError whose message states the correction
 */
export function requireDecoratorsEnforced(classes: Iterable<Class>): void {
  for (const type of classes) {
    if (Reflect.hasMetadata(GATEWAY_METADATA, type)) {
      throw new TypeError(
        `${type.name} is a gateway, whose connections do not pass Fastify and would not be verified; write a route of @fastify/websocket`,
      )
    }
    if (enforcedRequirement(type) !== undefined) {
      throw new TypeError(
        `${type.name}: Nest ignores @RouteConfig on a class, so its clientCert would not be enforced; write @RequireClientCert(…)`,
      )
    }
    for (const [name, handler] of methodsOf(type.prototype)) requireEnforced(handler, type, name)
  }
}

function requireEnforced(handler: object, type: Class, name: string): void {
  const where = `${type.name}.${name}`
  const own = declaredByName(type.prototype, name)
  if (!Reflect.hasMetadata(PATH_METADATA, handler)) {
    if (own === undefined) return
    throw new TypeError(
      `${where} has @RequireClientCert and no route of HTTP, so nothing would enforce it; remove it, or write @Get() or another route`,
    )
  }
  const declared = own ?? declaredFor(handler, type)
  if (declared === undefined || declared.requirement === enforcedRequirement(handler)) return
  throw new TypeError(
    own === undefined
      ? `${where}: @RequireClientCert of the class does not reach this handler; write @RequireClientCert(…) on the handler, in the class that declares it`
      : `${where}: @RequireClientCert is lost, because a decorator above it replaces the config or the method, or a subclass the method; write it at the top, on this method`,
  )
}

/** The methods of a class and of its superclasses, of which Nest declares routes too. */
function methodsOf(prototype: object | null): (readonly [name: string, method: object])[] {
  if (prototype === null || prototype === Object.prototype) return []
  const inherited = methodsOf(Object.getPrototypeOf(prototype)).filter(([name]) => !Object.hasOwn(prototype, name))
  return [...handlersOf(prototype), ...inherited]
}
