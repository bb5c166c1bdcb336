import type { Proof } from './chain-of-proofs.ts'
import type { PageOptions } from './page-options.ts'
import type { Step } from './refusal-table.ts'

/** Whether the origin asks for the proof of a step: the page must not claim one that nobody asked for. */
export function isAskedFor(step: Step, { edge, access, trustedIssuers }: PageOptions): boolean {
  switch (step) {
    case 'edge':
      return edge !== null
    case 'access':
      return access !== null
    case 'trust':
      return trustedIssuers !== null
    default:
      return true
  }
}

/** A step whose option is `null`. */
export function notAskedFor(step: Step): Proof {
  return { step, verdict: 'skipped', why: 'This origin goes without it.' }
}
