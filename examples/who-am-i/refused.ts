import type { CountersignError } from '@countersign/origin-plugin'
import { renderChain } from './chain-of-proofs.ts'
import { type Html, html } from './html.ts'
import { renderDocument } from './layout.ts'
import { proofsRefused, type WhoAmIOptions } from './proofs.ts'
import { REFUSALS } from './refusal-table.ts'

/**
 * Renders the page for a refused visitor: the failed proof, the proofs before it, and the next step. It reveals nothing of
 * the site, not even whether the address exists.
 */
export function renderRefused(error: CountersignError, options: WhoAmIOptions): Html {
  const { code, statusCode, message } = error
  return renderDocument(
    `${message} (${code})`,
    html`<article class="card refused" aria-labelledby="refused">
      <header>
        <p class="eyebrow">Refused</p>
        <h1 id="refused">${message}</h1>
        <p class="code"><code>${code}</code> <span>HTTP ${statusCode}</span></p>
      </header>
      <section aria-labelledby="what-to-do">
        <h2 id="what-to-do">What to do</h2>
        <p>${REFUSALS[code].advice}</p>
      </section>
    </article>
    <section aria-labelledby="proofs">
      <h2 id="proofs">The chain of proofs</h2>
      ${renderChain(proofsRefused(error, options))}
    </section>`,
  )
}
