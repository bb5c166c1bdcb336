import type { CountersignError, CountersignErrorCode } from '@countersign/origin-plugin'
import { type ProofOptions, proofsRefused, renderChain } from './chain-of-proofs.ts'
import { renderDocument } from './document.ts'
import { type Html, html } from './html.ts'
import { REFUSALS } from './refusals.ts'

/**
 * The page for a refused client: the failed proof, the proofs before it, and the client's next step.
 *
 * An attacker reads this page too. It therefore contains nothing about the site, not even whether the address exists.
 *
 * @param explain - whether to show the refusal's reason
 */
export function renderRefusedPage(error: CountersignError, options: ProofOptions, explain: boolean): Html {
  const { code, statusCode, message } = error
  return renderDocument(
    `${message} (${code})`,
    html`<article class="card refused" aria-labelledby="refused">
      <header>
        <p class="eyebrow">Refused</p>
        <h1 id="refused">${message}</h1>
        <p class="code"><code>${code}</code> <span>HTTP ${statusCode}</span></p>
      </header>
      ${renderAdvice(code)}
    </article>
    <section aria-labelledby="proofs">
      <h2 id="proofs">The chain of proofs</h2>
      ${renderChain(proofsRefused(error, options, explain))}
    </section>`,
  )
}

/** The client's next step after a refusal. */
export function renderAdvice(code: CountersignErrorCode): Html {
  return html`<section aria-labelledby="what-to-do">
        <h2 id="what-to-do">What to do</h2>
        <p>${REFUSALS[code].advice}</p>
        <p><a href="/">Open the start page</a></p>
      </section>`
}

/**
 * Whether the client prefers HTML to JSON. Browsers name `text/html` when a user opens a page. `fetch()`, curl and other
 * programs do not, and a wildcard is not a preference, so they get JSON.
 *
 * @param accept - the header `Accept`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 RFC 9110, section 12.5.1}
 */
export function prefersHtml(accept = ''): boolean {
  return quality(accept, 'text/html') > quality(accept, 'application/json')
}

function quality(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0
  }
  return 0
}
