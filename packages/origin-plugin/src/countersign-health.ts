import { createRequire } from 'node:module'
import type { PartName } from './events/messages.ts'
import type { Mode } from './guards/route-rules.ts'
import { type Health, type HealthState, worstOf } from './lib/health.ts'
import { cutText } from './lib/quote-value.ts'
import { MAX_FAILURE, type Settings } from './options.ts'

/**
 * The health of one part.
 *
 * @example
 * ```ts
 * const faults = (parts: readonly PartHealth[]) =>
 *   parts.filter(({ state }) => state !== 'ok').map(({ part, name, reason }) => `${part} ${name}: ${reason}`)
 * ```
 */
export interface PartHealth extends Health {
  readonly part: PartName
}

/** A check that the options configure. The check of the certificate itself is not among them, because it always runs. */
export type ConfiguredCheck =
  | 'edge signature'
  | 'replay'
  | 'Access token'
  | 'trusted issuers'
  | 'revocation'
  | 'identify'

/**
 * A key of the Worker, as the origin knows it.
 *
 * @example
 * ```ts
 * const unused = (keys: readonly EdgeKeyUse[]) => keys.filter(({ lastUsed }) => lastUsed === null)
 * ```
 */
export interface EdgeKeyUse {
  readonly keyid: string
  /** The time of the last valid signature with this key; `null` if there was none since the start. */
  readonly lastUsed: Date | null
}

/**
 * The health of a registration of the plugin. It contains no secret. It names CAs and URLs, so answer it to operators
 * only.
 *
 * @example
 * ```ts
 * app.get('/readyz', { config: { clientCert: false } }, () => {
 *   const health: CountersignHealth = app.countersignHealth()
 *   return { state: health.state }
 * })
 * ```
 */
export interface CountersignHealth {
  /** The worst state of a part. */
  readonly state: HealthState
  /** The option `mode`. A rule can give routes the other mode. */
  readonly mode: Mode
  /** The number of routes in report mode, by the option or by a rule. They refuse no request. */
  readonly unenforcedRoutes: number
  readonly parts: readonly PartHealth[]
  /** The checks that the options configure. `null` in an option leaves its check out. */
  readonly checks: readonly ConfiguredCheck[]
  /** The keys that may sign requests; empty with `edge: null`. A key that is used no longer can be removed. */
  readonly edgeKeys: readonly EdgeKeyUse[]
  readonly versions: {
    /** The version of this package. */
    readonly origin: string
    /**
     * The release of the Worker, as its last signed request shows it: `newer` if it signs headers that this version does
     * not know. `null` before the first request, and with `edge: null`.
     *
     * The Worker does not send its version. A header with it would come with every request, and origins that know no
     * later headers would refuse all of them.
     */
    readonly worker: 'newer' | 'known' | null
  }
}

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string }

/** Collects the health of all parts. */
export function healthOf(settings: Settings, unenforcedRoutes: number): CountersignHealth {
  const { mode, access, edge, issuerSources, revocations } = settings
  const parts: PartHealth[] = []
  if (edge?.reload) parts.push({ part: 'edge keys', ...edge.reload.health() })
  for (const source of issuerSources) parts.push({ part: 'trusted issuers', ...source.health() })
  if (access?.refresh) parts.push({ part: 'access keys', ...access.refresh.health() })
  for (const revocation of revocations()) parts.push({ part: 'revocation list', ...revocation.health() })
  if (edge?.replay) {
    parts.push(
      'store' in edge.replay
        ? { part: 'replay store', ...edge.replay.store.health() }
        : { part: 'replay memory', ...edge.replay.memory.health() },
    )
  }
  const keys = [...(edge?.keys.current ?? [])]
  const [latest] = keys.flatMap(([, { lastUse }]) => lastUse ?? []).toSorted((a, b) => b.at - a.at)
  return {
    state: worstOf(parts.map(({ state }) => state)),
    mode,
    unenforcedRoutes,
    parts: parts.map((part) =>
      part.reason === undefined ? part : { ...part, reason: cutText(part.reason, MAX_FAILURE) },
    ),
    checks: checksOf(settings),
    edgeKeys: keys.map(([keyid, { lastUse }]) => ({ keyid, lastUsed: lastUse ? new Date(lastUse.at * 1000) : null })),
    versions: { origin: version, worker: latest ? (latest.isNewer ? 'newer' : 'known') : null },
  }
}

function checksOf({ edge, access, trustedIssuers, revocations, findUser }: Settings): ConfiguredCheck[] {
  const configured: Record<ConfiguredCheck, boolean> = {
    'edge signature': edge !== null,
    replay: edge?.replay != null,
    'Access token': access !== null,
    'trusted issuers': trustedIssuers.current !== null,
    revocation: revocations().length > 0,
    identify: findUser !== null,
  }
  return (Object.keys(configured) as ConfiguredCheck[]).filter((name) => configured[name])
}
