/**
 * The name of a check.
 *
 * @example
 * ```ts
 * const ignored: readonly CheckName[] = ['header-size-chain']
 * ```
 */
export type CheckName =
  | 'audience'
  | 'access-keys'
  | 'access-key-age'
  | 'edge-keys'
  | 'origin-transport'
  | 'unsigned-request'
  | 'forged-certificate'
  | 'forged-signature'
  | 'own-host'
  | 'other-host'
  | 'through-edge'
  | 'header-size'
  | 'header-size-chain'
  | 'origin-clock'
  | 'cache'
  | 'preflight'

/**
 * The result of a check.
 *
 * @example
 * ```ts
 * const failed = (findings: readonly Finding[]) => findings.filter(({ outcome }) => outcome === 'failed')
 * ```
 */
export interface Finding {
  readonly check: CheckName
  /**
   * `warning`: works, or may be intended. `failed`: does not work, is not safe, or could not be checked. `skipped`: an
   * option is missing that the check needs.
   */
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped'
  /** The observation. Never contains a key, a token, or text that a server chose. */
  readonly detail: string
  /** The remedy. Absent when the outcome is `ok`. */
  readonly advice?: string
}

/** Builds the findings of one check. */
export interface Check {
  ok(detail: string): Finding
  warning(detail: string, advice: string): Finding
  failed(detail: string, advice: string): Finding
  skipped(detail: string, advice: string): Finding
}

/** Returns the builders of a check's findings. */
export function check(name: CheckName): Check {
  return {
    ok: (detail) => ({ check: name, outcome: 'ok', detail }),
    warning: (detail, advice) => ({ check: name, outcome: 'warning', detail, advice }),
    failed: (detail, advice) => ({ check: name, outcome: 'failed', detail, advice }),
    skipped: (detail, advice) => ({ check: name, outcome: 'skipped', detail, advice }),
  }
}
