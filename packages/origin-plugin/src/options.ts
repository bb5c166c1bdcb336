import {
  type AccessIssuerOptions,
  type AccessTeamOptions,
  type ResolvedAccess,
  resolveAccess,
} from './access-token/access-options.ts'
import { type IssuersInUse, resolveTrustedIssuers } from './certificate/issuers-in-use.ts'
import type { TrustedIssuer } from './certificate/trusted-issuers.ts'
import { type ClientMemory, createClientMemory, MAX_CLIENTS } from './client-memory.ts'
import { createUserFinder, type FindUser } from './client-user/find-user.ts'
import { checkIdentify, type Identify, type IdentifyOptions } from './client-user/identify-options.ts'
import { type EdgeOptions, type EdgeVerifier, resolveEdge } from './edge-signature/edge-options.ts'
import { type BindClient, type LogBindings, resolveLog } from './events/client-log.ts'
import type { DegradedMessage, PartName } from './events/messages.ts'
import { createDigestSet, type DigestSet } from './facts/digest-set.ts'
import { FACTS_PER_CLIENT } from './facts/facts.ts'
import { createGuardCompiler, type GuardCompiler } from './guards/compile-guard.ts'
import type { Requirement } from './guards/requirement.ts'
import { compileRouteRules, MODES, type Mode, type RouteRule, type RouteRules } from './guards/route-rules.ts'
import { HEADER_SOURCES, type HeaderSource, type HeaderSourceName } from './header-source.ts'
import { type BackgroundTask, combineTasks, type Report, type WatchedTask } from './lib/background-task.ts'
import { checkChoice, checkKnown, checkNumber, checkObject, optionNames } from './lib/check-option.ts'
import { cutText } from './lib/quote-value.ts'
import { requireNode } from './lib/require-node.ts'
import { resolveListenersInFront } from './registration/server-listeners.ts'
import type { Revocation } from './revocation/revocation.ts'

/**
 * Options of the plugin. `edge`, `access` and `trustedIssuers` are all required. Write `null` to skip a check.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 *
 * const options: CountersignPluginOptions = {
 *   edge: { keys: process.env['COUNTERSIGN_KEYS'], hosts: ['app.example.com'] },
 *   access: { team: 'acme', audience: process.env['ACCESS_AUDIENCE'] },
 *   trustedIssuers: [readFileSync('client-ca.pem', 'utf8')],
 * }
 * ```
 */
export interface CountersignPluginOptions {
  /**
   * The sender of the certificate headers. `worker`, the default, is the Worker of Countersign. Without a Worker,
   * `rfc9440` reads `Client-Cert` and `Client-Cert-Chain`, which transform rules write, and `cf-cert` reads the headers
   * of Cloudflare's managed transform "Add TLS client auth headers". Nobody signs these, so both need `edge: null` and
   * `access`.
   */
  readonly source?: HeaderSourceName
  /**
   * The check of the edge signature. Write `null` only if nothing but the edge can reach the origin. The plugin then
   * logs a warning about the missing proof.
   */
  readonly edge: EdgeOptions | null
  /**
   * The check of the Access token. Write `null` without Access (API Shield). Must not be `null` together with `edge`.
   */
  readonly access: AccessTeamOptions | AccessIssuerOptions | null
  /** The CAs whose client certificates are accepted. `null` accepts every CA that Cloudflare verifies against. */
  readonly trustedIssuers: readonly TrustedIssuer[] | null
  /** Requirements by name. */
  readonly policies?: Readonly<Record<string, Requirement>>
  /** The requirements of routes that other plugins declare. A route's own config must not contradict its rule. */
  readonly routes?: readonly RouteRule[]
  /**
   * `enforce`, the default, refuses requests. `report` decides and reports as ever, and lets every request pass, to try
   * the plugin on the traffic of an application that exists. `request.clientCert` is then `null` if it is not proven. A
   * rule in `routes` can have a mode of its own.
   */
  readonly mode?: Mode
  /**
   * Finds the application's user of each proven client, for `request.clientUser`. `null` refuses the request. It is
   * called once for a client, and its answer is kept for a minute.
   */
  readonly identify?: Identify | IdentifyOptions
  /**
   * Binds the identity of an admitted client to `request.log`, so that each later line of the request has it, Fastify's
   * "request completed" included. `true` binds `client` with `fingerprint256`, `serialNumber`, `subject`, `issuer` and
   * `access`. A function returns fields of its own. Nothing is bound by default, nor on public routes. In report mode,
   * the identity is bound as far as it is proven.
   */
  readonly log?: boolean | LogBindings
  /**
   * The most clients whose signatures are remembered, from 0 to 10,000,000. The default is 200,000. Such a client costs no
   * public-key cryptography while it keeps its certificate and token: the plugin remembers digests of what it verified,
   * and still checks times, keys in use, revocation and requirements. Each client takes 120 to 240 bytes.
   */
  readonly maxKnownClients?: number
  /**
   * The names of all `onRequest` hooks that run in front of the plugin, in their order. Such a hook can answer a request
   * that the plugin would refuse. None by default. `anonymous` is a function without a name.
   */
  readonly hooksInFront?: readonly string[]
  /**
   * The events of the HTTP server (`app.server`) that have listeners of your own, such as `upgrade` for socket.io. No
   * hook of Fastify runs for their clients, so they must verify these clients themselves, or only watch. None by default.
   * The server does not start with an event that has no such listener.
   */
  readonly listenersInFront?: readonly string[]
}

/** Reports a failure of a part outside of requests, or its end. */
export type ReportOfPart = (part: PartName, reason: string, state: DegradedMessage['state']) => void

/** The options, checked and compiled. */
export interface Settings {
  readonly source: HeaderSource
  readonly edge: EdgeVerifier | null
  readonly access: ResolvedAccess | null
  readonly trustedIssuers: IssuersInUse
  readonly guards: GuardCompiler
  readonly routes: RouteRules
  readonly mode: Mode
  readonly hooksInFront: readonly string[]
  readonly listenersInFront: readonly string[]
  readonly memory: ClientMemory
  /** Digests of what was verified for clients, so that it is not verified again. */
  readonly facts: DigestSet
  /** Finds the user of an admitted client; `null` without `identify`. */
  readonly findUser: FindUser | null
  /** Binds an admitted client to the log of its request; `null` without `log`. */
  readonly bindClient: BindClient | null
  /** The files and functions that CAs come from. */
  readonly issuerSources: readonly WatchedTask[]
  /** All revocation lists in use. */
  revocations(): readonly Revocation[]
  /** Keeps keys, CAs and revocation lists current. */
  readonly background: BackgroundTask
}

/** A list or a key of others is quoted in a failure, and can have a name of any length. */
export const MAX_FAILURE = 1_000

const OPTIONS = optionNames<keyof CountersignPluginOptions>({
  source: true,
  edge: true,
  access: true,
  trustedIssuers: true,
  policies: true,
  routes: true,
  mode: true,
  identify: true,
  log: true,
  maxKnownClients: true,
  hooksInFront: true,
  listenersInFront: true,
})

/** The options of `register` itself. Fastify hands them to the plugin too. */
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers']

/**
 * Checks every option, and compiles the options to the settings that requests need.
 *
 * @param report - gets each later failure of a part outside of a request, and its end
 * @throws TypeError whose message states the correction
 */
export function resolveOptions(options: unknown, report: ReportOfPart): Settings {
  requireNode(process.versions.node)
  const reportOf =
    (part: PartName): Report =>
    (reason, state = 'degraded') =>
      report(part, cutText(reason, MAX_FAILURE), state)
  const given = checkObject(options, 'options')
  for (const name of ['edge', 'access', 'trustedIssuers']) {
    if (given[name] === undefined) {
      throw new TypeError(`${name} is missing; configure it, or pass ${name}: null to skip this check`)
    }
  }
  checkKnown(given, OPTIONS, 'options', FASTIFY_OPTIONS)
  const source = resolveSource(given)
  if (given.edge === null && given.access === null) {
    throw new TypeError(
      'edge and access must not both be null; configure at least one, to prove that a request came through Cloudflare',
    )
  }
  const memory = createClientMemory(MAX_CLIENTS)
  const facts = createDigestSet(FACTS_PER_CLIENT * maxKnownClients(given.maxKnownClients))
  const { issuers, sources, revocations, background } = resolveTrustedIssuers(given.trustedIssuers, source.name, {
    reportList: reportOf('revocation list'),
    reportIssuers: reportOf('trusted issuers'),
    onChange: memory.clear,
  })
  const edge =
    given.edge === null
      ? null
      : resolveEdge(
          checkObject(given.edge, 'edge', 'edge: { keys, hosts }, or null'),
          reportOf('replay store'),
          reportOf('edge keys'),
        )
  const access =
    given.access === null
      ? null
      : resolveAccess(
          checkObject(given.access, 'access', 'access: { team: "acme", audience }, or null'),
          reportOf('access keys'),
        )
  const policies = checkObject(given.policies === undefined ? {} : given.policies, 'policies')
  const guards = createGuardCompiler(
    policies as Record<string, Requirement>,
    given.access !== null,
    source.name !== 'cf-cert',
  )
  return {
    source,
    edge,
    access,
    trustedIssuers: issuers,
    guards,
    routes: compileRouteRules(given.routes === undefined ? [] : given.routes, guards),
    mode: given.mode === undefined ? 'enforce' : checkChoice(given.mode, MODES, 'mode'),
    hooksInFront: hookNames(given.hooksInFront === undefined ? [] : given.hooksInFront),
    listenersInFront: resolveListenersInFront(given.listenersInFront),
    memory,
    facts,
    findUser: given.identify === undefined ? null : createUserFinder(checkIdentify(given.identify)),
    bindClient: resolveLog(given.log),
    issuerSources: sources,
    revocations,
    background: combineTasks([access?.refresh, edge?.reload, background].filter((task) => !!task)),
  }
}

/** More digests would take gigabytes. */
const MOST_CLIENTS = 10_000_000
const DEFAULT_CLIENTS = 200_000

function maxKnownClients(given: unknown = DEFAULT_CLIENTS): number {
  const count = checkNumber(given, 0, MOST_CLIENTS, 'clients', 'maxKnownClients')
  if (Number.isInteger(count)) return count
  throw new TypeError(`maxKnownClients must be a whole number of clients, not ${count}`)
}

/** Only the Worker signs, so a source without it leaves the Access token as the only proof. */
function resolveSource({ source = 'worker', edge, access }: Record<string, unknown>): HeaderSource {
  const name = checkChoice(source, ['worker', 'rfc9440', 'cf-cert'] as const, 'source')
  if (name === 'worker') return HEADER_SOURCES.worker
  if (edge !== null) {
    throw new TypeError(
      `edge must be null with source: "${name}", because only the Worker signs requests; write edge: null, or remove source`,
    )
  }
  if (access === null) {
    throw new TypeError(
      `access must not be null with source: "${name}", because only the Access token then proves that a request came through Cloudflare; configure access`,
    )
  }
  return HEADER_SOURCES[name]
}

function hookNames(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((name) => typeof name === 'string')) return given
  throw new TypeError('hooksInFront must be a list of names of functions, such as ["handleCors"]')
}
