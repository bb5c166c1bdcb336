import { type Html, type HtmlValue, html } from './html.ts'
import type { Step } from './refusal-table.ts'

/** `open`: an earlier proof failed, so this one counts for nothing. `skipped`: the origin does not require it. */
export type Verdict = 'holds' | 'failed' | 'open' | 'skipped'

/** One link of the chain of proofs. */
export interface Proof {
  readonly step: Step
  readonly verdict: Verdict
  readonly why: HtmlValue
}

const TITLES: Readonly<Record<Step, string>> = {
  edge: 'Edge signature',
  access: 'Access token',
  certificate: 'Certificate',
  trust: 'Trust',
  route: 'This address',
}

const WORDS: Readonly<Record<Verdict, string>> = {
  holds: 'Holds',
  failed: 'Failed',
  open: 'Open',
  skipped: 'Not asked for',
}

/** Shows each proof with its verdict, in words as well as in colour. */
export function renderChain(proofs: readonly Proof[]): Html {
  return html`<ol class="chain">${proofs.map(
    ({ step, verdict, why }) => html`
      <li class="proof ${verdict}" data-step="${step}">
        <h3>${TITLES[step]}</h3>
        <p class="verdict">${WORDS[verdict]}</p>
        <p class="why">${why}</p>
      </li>`,
  )}
    </ol>`
}
