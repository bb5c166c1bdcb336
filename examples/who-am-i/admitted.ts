import type { AccessIdentity, ClientCert, ClientCertRoute } from '@countersign/origin-plugin'
import { renderChain } from './chain-of-proofs.ts'
import { type Html, html } from './html.ts'
import { renderDocument } from './layout.ts'
import { proofsHeld, type WhoAmIOptions } from './proofs.ts'
import { renderTryRoutes } from './try-routes.ts'
import { nameOf, renderWhoYouAre } from './who-you-are.ts'

/** An admitted visitor, as the plugin proved them, and the time of the visit. */
export interface Admitted {
  readonly cert: ClientCert
  readonly access: AccessIdentity | null
  readonly now: Date
}

/** Renders the page for an admitted visitor. */
export function renderAdmitted(
  { cert, access, now }: Admitted,
  options: WhoAmIOptions,
  routes: readonly ClientCertRoute[],
): Html {
  return renderDocument(
    nameOf(cert),
    html`${renderWhoYouAre(cert, access, now)}
    <section aria-labelledby="proofs">
      <h2 id="proofs">The chain of proofs</h2>
      ${renderChain(proofsHeld(cert, access, options))}
    </section>
    <section aria-labelledby="routes">
      <h2 id="routes">Try the routes</h2>
      ${renderTryRoutes(routes, options.explain)}
    </section>`,
  )
}
