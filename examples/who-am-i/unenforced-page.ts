import type { CountersignErrorCode } from '@countersign/origin-plugin'
import { renderDocument } from './document.ts'
import { type Html, html } from './html.ts'
import { REFUSALS } from './refusals.ts'

/** The header of an answer that enforcement would refuse. */
export const NOT_ENFORCED = 'countersign-not-enforced'

/**
 * The page for a client whom report mode lets pass. It shows no identity and no proof, since enforcement would refuse
 * the client.
 */
export function renderUnenforcedPage(code: CountersignErrorCode): Html {
  return renderDocument(
    `Report mode (${code})`,
    html`<article class="card refused" aria-labelledby="unenforced">
      <header>
        <p class="eyebrow">Report mode</p>
        <h1 id="unenforced">Enforcement would refuse this request</h1>
        <p class="code"><code>${code}</code></p>
      </header>
      <section aria-labelledby="what-to-do">
        <h2 id="what-to-do">What to do</h2>
        <p>${REFUSALS[code].advice}</p>
        <p><a href="/">Open the start page</a></p>
      </section>
    </article>`,
  )
}
