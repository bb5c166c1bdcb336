import type { CountersignErrorCode } from '@countersign/origin-plugin'
import { renderDocument } from './document.ts'
import { type Html, html } from './html.ts'
import { renderAdvice } from './refused-page.ts'

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
      ${renderAdvice(code)}
    </article>`,
  )
}
