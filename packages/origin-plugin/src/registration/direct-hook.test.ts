import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import {
  BEFORE_HANDLER,
  HOOK_MAKER,
  isDirectCall,
  MADE_HOOK,
  markAddedHooks,
  markHooks,
  nameOfHook,
} from './direct-hook.ts'
import type { AnyHook } from './scopes.ts'

/** A hook as `app.requireClientCert()` makes it. It returns its parameters, and whether its call is direct. */
const made = (name = MADE_HOOK): AnyHook =>
  Object.defineProperty((...parameters: unknown[]) => [...parameters, isDirectCall()], 'name', { value: name })

const own: AnyHook = () => isDirectCall()

describe('markHooks', () => {
  it.each(BEFORE_HANDLER)('marks the calls of the hooks of %s that the plugin made', (kind) => {
    const [alone, listed] = [made(), made()]
    const owner: Record<string, unknown> = { [kind]: alone }
    markHooks(owner)
    const [hook, ...others] = owner[kind] as AnyHook[]
    expect([(hook as (...given: unknown[]) => unknown)(1, 2), hook === alone, hook?.name, others]).toEqual([
      [1, 2, true],
      false,
      MADE_HOOK,
      [],
    ])

    const list: Record<string, unknown> = { [kind]: [own, listed] }
    markHooks(list)
    const hooks = list[kind] as AnyHook[]
    expect([hooks[0], hooks[0]?.(), hooks[1]?.(), hooks.length]).toEqual([own, false, [true], 2])
    // Another plugin has the hook itself, whose calls are not marked.
    expect([alone(), listed()]).toEqual([[false], [false]])
  })

  it('leaves everything else as it is', () => {
    const hooks = { onRequest: own, preHandler: [own], preParsing: null, preValidation: undefined, onSend: made() }
    const owner = { ...hooks }
    markHooks(owner)
    expect(owner).toStrictEqual(hooks)
    for (const kind of ['onRequest', 'preHandler', 'onSend'] as const) expect(owner[kind]).toBe(hooks[kind])
    const empty = {}
    markHooks(empty)
    expect(empty).toStrictEqual({})
  })

  it('ends the mark with the call, also if the hook throws', () => {
    const owner: { onRequest: unknown } = {
      onRequest: Object.defineProperty(
        () => {
          throw new Error(`direct: ${isDirectCall()}`)
        },
        'name',
        { value: MADE_HOOK },
      ),
    }
    markHooks(owner)
    expect(() => (owner.onRequest as AnyHook[])[0]?.()).toThrow('direct: true')
    expect(isDirectCall()).toBe(false)
  })
})

describe('markAddedHooks', () => {
  it('marks the hooks of the scope and of scopes in it', async () => {
    const app = Fastify()
    markAddedHooks(app as never as FastifyInstance)
    const calls: boolean[] = []
    const hook = (name: string) =>
      Object.defineProperty(async () => void calls.push(isDirectCall()), 'name', { value: name }) as () => Promise<void>
    app.addHook('onRequest', hook(MADE_HOOK)).addHook('preHandler', hook('own'))
    app.register(async (scope) => void scope.addHook('preHandler', hook(MADE_HOOK)).get('/', () => 'in'))
    await app.inject('/')
    await app.close()
    expect(calls).toEqual([true, false, true])
  })

  it('leaves the refusal of another value to Fastify', () => {
    const app = Fastify()
    markAddedHooks(app as never as FastifyInstance)
    for (const hook of [undefined, null]) {
      expect(() => app.addHook('onRequest', hook as never)).toThrow(
        expect.objectContaining({ code: 'FST_ERR_HOOK_INVALID_HANDLER' }),
      )
    }
  })
})

describe('nameOfHook', () => {
  it.each([
    [MADE_HOOK, 'app.requireClientCert()'],
    [`bound ${MADE_HOOK}`, MADE_HOOK],
    [`bound bound ${MADE_HOOK}`, MADE_HOOK],
    ['is bound to something', 'is bound to something'],
    ['bound', 'bound'],
    [HOOK_MAKER, 'app.requireClientCert'],
  ])('of %j is %j', (name, expected) => {
    expect(nameOfHook(made(name))).toBe(expected)
  })
})

describe('isDirectCall', () => {
  it('is false before the first call', async () => {
    vi.resetModules()
    const fresh = await import('./direct-hook.ts')
    expect(fresh.isDirectCall()).toBe(false)
  })
})
