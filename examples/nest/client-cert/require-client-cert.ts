import type { Requirement } from '@countersign/origin-plugin'
import { SetMetadata } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js'

/** The metadata of the decorators below, for the guard and for the check at the start. */
export const REQUIREMENT = 'countersign.requirement'

type Handler = (...parameters: never[]) => unknown

/**
 * Requires a certificate for a handler, or for every handler of a controller that has no requirement of its own.
 *
 * Nest passes the config of a handler to Fastify, where the plugin compiles it at the start and enforces it.
 *
 * @example
 * ```ts
 * @Controller('jobs')
 * @RequireClientCert('ops')
 * class JobsController {
 *   @Delete()
 *   @RequireClientCert({ subject: { CN: 'alice' } })
 *   clear() {}
 * }
 * ```
 */
export function RequireClientCert(requirement: Requirement | false): ClassDecorator & MethodDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor !== undefined) {
      SetMetadata(REQUIREMENT, requirement)(descriptor.value)
      setConfig(descriptor.value, requirement, `${target.constructor.name}.${String(name)}`)
      return
    }
    const controller = target as { readonly name: string; readonly prototype: object }
    SetMetadata(REQUIREMENT, requirement)(controller as never)
    for (const [method, handler] of handlersOf(controller.prototype)) {
      if (!Reflect.hasMetadata(REQUIREMENT, handler)) setConfig(handler, requirement, `${controller.name}.${method}`)
    }
  }
}

/** Makes a handler or a controller public: its requests need no certificate, and have none. */
export const Public = (): ClassDecorator & MethodDecorator => RequireClientCert(false)

/** The requirement that Fastify gets for a handler. */
export function enforcedRequirement(handler: object): unknown {
  return configOf(handler)?.clientCert
}

function setConfig(handler: Handler, requirement: Requirement | false, where: string): void {
  const config = configOf(handler)
  if (config !== undefined && 'clientCert' in config) {
    throw new TypeError(`${where} has two requirements; write one @RequireClientCert, with allOf(…) for both`)
  }
  RouteConfig({ ...config, clientCert: requirement })(handler)
}

function configOf(target: object): { readonly clientCert?: unknown } | undefined {
  return Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, target)
}

/** The methods of a class itself. Those of its superclass may belong to other controllers too. */
export function handlersOf(prototype: object): (readonly [name: string, handler: Handler])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' ? [[name, value] as const] : [],
  )
}
