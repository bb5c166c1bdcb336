// The oracle decides from the answer's own statement: an answer is right if the requirement that its request showed,
// and the rule that covers its url, both admit the client.
import countersign from '@countersign/origin-plugin'
import fc from 'fast-check'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, it } from 'vitest'
import { EDGE_KEY, injectSigned } from '../../packages/origin-plugin/test/support/inject-signed.ts'
import { fuzz } from './fuzz.ts'
import { type Built, buildApp, type RandomApp, type Register, type Rule, randomApp } from './random-app.ts'

const SUBJECTS = { dev: 'CN=x,OU=Dev', ops: 'CN=x,OU=Ops' } as const
type Client = 'nobody' | keyof typeof SUBJECTS
const CLIENTS = ['nobody', 'dev', 'ops'] as const
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'] as const
/** Paths that no route has, in and next to the prefixes. */
const UNKNOWN = ['/none/none/none', '/a/none/none', '/b/none/none', '/ax/none']

const admits = (requirement: unknown, client: Client): boolean =>
  requirement === false || (requirement === 'ops' ? client === 'ops' : client !== 'nobody')

/** Whether a rule covers a url: exactly, or as its beginning. A beginning with a slash at the end covers the url before it. */
function covers(rule: Rule, url: string): boolean {
  if (!rule.url.endsWith('*')) return rule.url === url
  const beginning = rule.url.slice(0, -1)
  return beginning === '' || beginning === '/' || url.startsWith(beginning) || `${url}/` === beginning
}

/** A second, plain reading of the rules: an exact url decides before a beginning, and a long one before a short one. */
function ruleOf(rules: readonly Rule[], method: string, url: string): Rule | undefined {
  const isExact = (rule: Rule) => Number(!rule.url.endsWith('*'))
  return rules
    .filter((rule) => [undefined, method, method === 'HEAD' ? 'GET' : method].includes(rule.method))
    .filter((rule) => covers(rule, url))
    .sort((a, b) => isExact(b) - isExact(a) || b.url.length - a.url.length)[0]
}

/** The numbers of a run, without which a property could hold for nothing. */
interface Tally {
  started: number
  admitted: number
  refused: number
}

async function send({ app }: Built, method: (typeof METHODS)[number], url: string, client: Client) {
  return client === 'nobody'
    ? app.inject({ method, url })
    : injectSigned(app, url, { method, subject: SUBJECTS[client] })
}

/** The fault of an answer, or nothing. */
function faultOf(
  answer: LightMyRequestResponse,
  { options, steps }: RandomApp,
  built: Built,
  method: string,
  path: string,
  client: Client,
) {
  const { 'x-ran': ran, 'x-shown': shown, 'x-inside': inside, 'x-url': url } = answer.headers
  const prefix = built.scope()?.prefix ?? ''
  if (ran === undefined || ran === 'notFound') {
    const isPublic = JSON.stringify(steps).includes('"kind":"notFound","written":false')
    const isUnder = path === prefix || path.startsWith(`${prefix}/`)
    return answer.statusCode === 404 && client === 'nobody' && isUnder && !isPublic
      ? 'reveals that a path is unknown'
      : undefined
  }
  if (ran === 'onRequest' && options.hooksInFront?.includes('answer')) return undefined
  // Fastify does not show the config of a route that was declared before the plugin and outside of its scope.
  if (inside === 'false' && built.warnedOf.has(`${method} ${url}`)) return undefined
  const requirement = JSON.parse(String(shown))
  const ruled = inside === 'true' ? ruleOf(options.routes ?? [], method, String(url)) : undefined
  const isOpen = inside === 'false' && requirement === 'none'
  const isShown = isOpen || (ruled && requirement === 'none') || admits(requirement, client)
  const isRuled = ruled === undefined || ruled.clientCert === false || admits(ruled.clientCert, client)
  return isShown && isRuled
    ? undefined
    : `${ran} answers ${client} although the requirement is ${shown}, and its rule ${ruled?.clientCert}`
}

/** Starts the application and sends every client to every path. An application that does not start is safe. */
async function findFault(random: RandomApp, register: Register, tally: Tally): Promise<string | undefined> {
  const built = await buildApp(random, register).catch(() => undefined)
  if (built === undefined) return undefined
  tally.started += 1
  try {
    if (built.hasStray()) return 'a requirement that nothing reads did not stop the start'
    for (const path of [...built.urls, ...UNKNOWN]) {
      for (const client of CLIENTS) {
        for (const method of client === 'nobody' ? METHODS : METHODS.slice(0, 1)) {
          const answer = await send(built, method, path, client)
          const fault = faultOf(answer, random, built, method, path, client)
          if (fault !== undefined) return `${method} ${path}: ${fault}`
          if (answer.headers['x-inside'] === 'true' && client !== 'nobody') tally.admitted += 1
          if (answer.statusCode === 401 || answer.statusCode === 403) tally.refused += 1
        }
      }
    }
  } finally {
    await built.app.close()
  }
  return undefined
}

const real: Register = async (scope, options) =>
  scope.register(countersign, {
    edge: { keys: EDGE_KEY.jwk, hosts: null },
    access: null,
    trustedIssuers: null,
    policies: { ops: { subject: { OU: 'Ops' } } },
    ...options,
  })

const property = (register: Register, tally: Tally) =>
  fc.asyncProperty(randomApp, async (random) => {
    expect(await findFault(random, register, tally)).toBeUndefined()
  })

const newTally = (): Tally => ({ started: 0, admitted: 0, refused: 0 })

describe('an application around the plugin', () => {
  it('answers no request that the requirement of its route refuses, or does not start', async () => {
    const tally = newTally()
    await fuzz(property(real, tally), 0.3)
    // Otherwise the property would hold for a plugin that never starts, or never admits.
    expect(tally.started).toBeGreaterThan(20)
    expect(tally.admitted).toBeGreaterThan(100)
    expect(tally.refused).toBeGreaterThan(100)
  })
})

describe('the search', () => {
  const MARK = Symbol('naive')
  /** A plugin that reads the requirement in its own onRoute hook, and trusts the order of the hooks. */
  const naive =
    (finds: (client: Client, requirement: unknown) => boolean): Register =>
    async (scope) =>
      scope.register(
        fp(async (app: FastifyInstance) => {
          app.addHook('onRoute', (route) => {
            route.config = Object.assign({}, route.config, {
              [MARK]: (route.config as { clientCert?: unknown })?.clientCert,
            })
          })
          app.addHook('onRequest', async (request, reply) => {
            const subject = request.headers['x-cert-subject-dn']
            const client = CLIENTS.find((name) => name !== 'nobody' && SUBJECTS[name] === subject) ?? 'nobody'
            const config = request.routeOptions.config as { readonly [MARK]?: unknown }
            if (!finds(client, config[MARK])) await reply.code(403).send()
          })
        }),
      )

  it.each<[string, Register]>([
    ['reads requirements too early', naive((client, requirement) => admits(requirement, client))],
    ['admits every certificate', naive((client, requirement) => requirement === false || client !== 'nobody')],
    ['is not there', async () => {}],
  ])('finds a plugin that %s', async (_what, register) => {
    const result = await fc.check(property(register, newTally()), { seed: 9421, numRuns: 300, endOnFailure: true })
    expect(result.failed).toBe(true)
    expect(result.counterexample).not.toBeNull()
  })
})
