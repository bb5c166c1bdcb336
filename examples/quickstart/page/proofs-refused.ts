import type { CountersignError } from '@countersign/origin-plugin'
import { isAskedFor, notAskedFor } from './asked-for.ts'
import type { Proof } from './chain-of-proofs.ts'
import { type HtmlValue, html } from './html.ts'
import type { PageOptions } from './page-options.ts'
import { REFUSALS, STEPS, type Step } from './refusal-table.ts'

/** What is known of a proof that held before another failed. It names nobody: the one who reads it was not admitted. */
const HELD: Readonly<Record<Step, string>> = {
  edge: 'The request came through the Worker, and nothing has changed it since.',
  access: 'Cloudflare Access admitted the visitor to this application.',
  certificate: 'Cloudflare verified the certificate.',
  trust: 'This origin trusts the issuer.',
  route: '',
}

/** The chain up to the proof that failed, and what is open behind it. */
export function proofsRefused(error: CountersignError, options: PageOptions): Proof[] {
  const { step: failed } = REFUSALS[error.code]
  const shown = STEPS.filter((step) => step !== 'route' || step === failed)
  return shown.map((step, at) => {
    if (step === failed) return { step, verdict: 'failed', why: whyOf(error, options) }
    if (!isAskedFor(step, options)) return notAskedFor(step)
    return at < shown.indexOf(failed)
      ? { step, verdict: 'holds', why: HELD[step] }
      : { step, verdict: 'open', why: 'Counts for nothing while a proof before it fails.' }
  })
}

function whyOf({ message, reason }: CountersignError, { explain }: PageOptions): HtmlValue {
  return explain ? html`${message}: <code>${reason}</code>` : `${message}.`
}
