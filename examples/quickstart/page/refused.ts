import type { CountersignError } from '@countersign/origin-plugin'
import { renderChain } from './chain-of-proofs.ts'
import { type Html, html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { PageOptions } from './page-options.ts'
import { proofsRefused } from './proofs-refused.ts'
import { REFUSALS } from './refusal-table.ts'

/**
 * The page for a visitor who was refused: what failed, what held before it, and what to do. It says nothing of the site
 * behind it: not even whether the address exists.
 */
export function renderRefused(error: CountersignError, options: PageOptions): Html {
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
