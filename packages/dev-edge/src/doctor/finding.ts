/** What was looked at. */
export type CheckName =
  | 'audience'
  | 'access-keys'
  | 'access-key-age'
  | 'edge-keys'
  | 'origin-transport'
  | 'unsigned-request'
  | 'forged-certificate'
  | 'forged-signature'
  | 'header-size'
  | 'header-size-chain'
  | 'origin-clock'

/** What a check has found. */
export interface Finding {
  readonly check: CheckName
  /** `warning`: works, or may be meant so. `failed`: does not work, is not safe, or could not be looked at. */
  readonly outcome: 'ok' | 'warning' | 'failed'
  /** What was seen. Never holds a key, a token, or text that a server chose. */
  readonly detail: string
  /** What to do. Absent when all is well. */
  readonly advice?: string
}

/** A check and its findings to be. */
export interface Check {
  ok(detail: string): Finding
  warning(detail: string, advice: string): Finding
  failed(detail: string, advice: string): Finding
}

/** Begins a finding. */
export function check(name: CheckName): Check {
  return {
    ok: (detail) => ({ check: name, outcome: 'ok', detail }),
    warning: (detail, advice) => ({ check: name, outcome: 'warning', detail, advice }),
    failed: (detail, advice) => ({ check: name, outcome: 'failed', detail, advice }),
  }
}
