import { optional, type Requirement, type RouteRequirement } from '@countersign/origin-plugin'
import { SetMetadata } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js'

/** A requirement as it is written in a decorator, for the guard and for the check at the start. */
export interface Declared {
  readonly requirement: RouteRequirement
  /** Whether the handler runs without a certificate too. */
  readonly isOptional: boolean
}

const DECLARED = 'countersign.declared'

type Handler = (...parameters: never[]) => unknown
type Decorator = ClassDecorator & MethodDecorator

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
export const RequireClientCert = (requirement: Requirement): Decorator => declare({ requirement, isOptional: false })

/** Admits clients without a certificate too. A certificate that comes must be good, and must match. */
export const OptionalClientCert = (...given: [requirement?: Requirement]): Decorator =>
  declare({ requirement: optional(...given), isOptional: true })

/** Makes a handler or a controller public: its requests need no certificate, and have none. */
export const Public = (): Decorator => declare({ requirement: false, isOptional: true })

/** The requirement in the decorators of a handler or of its class. */
export function declaredFor(handler: object, controller: object): Declared | undefined {
  return Reflect.getMetadata(DECLARED, handler) ?? Reflect.getMetadata(DECLARED, controller)
}

/** The requirement in the decorators of a method, by its name, even if its function was replaced. */
export function declaredByName(prototype: object, name: string): Declared | undefined {
  return Reflect.getMetadata(DECLARED, prototype, name)
}

/** The requirement that Fastify gets for a handler. */
export function enforcedRequirement(handler: object): unknown {
  return configOf(handler)?.clientCert
}

/** The methods of a class itself. Those of its superclass may belong to other controllers too. */
export function handlersOf(prototype: object): (readonly [name: string, handler: Handler])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' ? [[name, value] as const] : [],
  )
}

function declare(declared: Declared): Decorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor !== undefined) {
      SetMetadata(DECLARED, declared)(descriptor.value)
      // Once more for the name: a decorator that wraps the method loses the metadata of the function.
      Reflect.defineMetadata(DECLARED, declared, target, name as string)
      setConfig(descriptor.value, declared, `${target.constructor.name}.${String(name)}`)
      return
    }
    const controller = target as { readonly name: string; readonly prototype: object }
    SetMetadata(DECLARED, declared)(controller as never)
    for (const [method, handler] of handlersOf(controller.prototype)) {
      if (!Reflect.hasMetadata(DECLARED, handler)) setConfig(handler, declared, `${controller.name}.${method}`)
    }
  }
}

function setConfig(handler: Handler, { requirement }: Declared, where: string): void {
  const config = configOf(handler)
  if (config !== undefined && 'clientCert' in config) {
    throw new TypeError(`${where} has two requirements; write one @RequireClientCert, with allOf(…) for both`)
  }
  RouteConfig({ ...config, clientCert: requirement })(handler)
}

function configOf(target: object): { readonly clientCert?: unknown } | undefined {
  return Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, target)
}
