import type { AccessIdentity, ClientCert, ClientCertRoute } from '@countersign/origin-plugin'
import { nameOf, renderCertificateCard } from './certificate-card.ts'
import { type ProofOptions, proofsHeld, renderChain } from './chain-of-proofs.ts'
import { ASSETS, renderDocument } from './document.ts'
import { type Html, html } from './html.ts'

/** An admitted client, as the plugin has proven it, and the time of the request. */
export interface Admitted {
  readonly cert: ClientCert
  readonly access: AccessIdentity | null
  readonly now: Date
}

/**
 * The page for an admitted client: its certificate, the proofs, and the routes to try.
 *
 * @param explain - whether to show each route's requirement
 */
export function renderAdmittedPage(
  { cert, access, now }: Admitted,
  options: ProofOptions,
  routes: readonly ClientCertRoute[],
  explain: boolean,
): Html {
  return renderDocument(
    nameOf(cert),
    html`${renderCertificateCard(cert, access, now)}
    <section aria-labelledby="proofs">
      <h2 id="proofs">The chain of proofs</h2>
      ${renderChain(proofsHeld(cert, access, options))}
    </section>
    <section aria-labelledby="routes">
      <h2 id="routes">Try the routes</h2>
      ${renderRoutes(routes.filter(canBeTried), explain)}
    </section>`,
  )
}

/** A link needs a GET route without parameters. The page and its own files are not worth a try. */
function canBeTried({ method, url }: ClientCertRoute): boolean {
  return method === 'GET' && url !== '/' && !(url in ASSETS) && !/[:*]/.test(url)
}

/** Each route is a link. With JavaScript it has a button too, which shows the answer in place. */
function renderRoutes(routes: readonly ClientCertRoute[], explain: boolean): Html {
  return html`<ul class="routes">${routes.map(
    ({ url, requirement, protection, enforced }) => html`
      <li class="route" data-url="${url}">
        <a href="${url}"><span class="visually-hidden">GET </span>${url}</a>
        <p class="asks">${explain && protection === 'guarded' ? html`requires <code>${requirement}</code>` : PROTECTION[protection]}${enforced ? '' : ' (not enforced)'}</p>
        <button type="button" hidden>Try<span class="visually-hidden"> ${url}</span></button>
        <div class="answer" role="status"></div>
      </li>`,
  )}
    </ul>`
}

const PROTECTION: Readonly<Record<ClientCertRoute['protection'], string>> = {
  public: 'public',
  optional: 'with or without a certificate',
  verified: 'any verified certificate',
  guarded: 'guarded',
}
