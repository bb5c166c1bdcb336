import type { ClientCertRoute } from '@countersign/origin-plugin'
import { ASSETS } from './assets.ts'
import { type Html, html } from './html.ts'

/** The routes that a visitor can try unchanged: not this page, its files, or a route with a parameter. */
export function routesToTry(routes: readonly ClientCertRoute[]): ClientCertRoute[] {
  return routes.filter(({ method, url }) => method === 'GET' && url !== '/' && !(url in ASSETS) && !/[:*]/.test(url))
}

/**
 * Renders every route that the visitor can try: a link, and with JavaScript a button that shows the answer in place.
 *
 * @param explain - whether to show the requirement of each route
 */
export function renderTryRoutes(routes: readonly ClientCertRoute[], explain: boolean): Html {
  return html`<ul class="routes">${routes.map(
    ({ url, requirement, protection }) => html`
      <li class="route" data-url="${url}">
        <a href="${url}"><span class="visually-hidden">GET </span>${url}</a>
        <p class="asks">${explain && protection === 'guarded' ? html`asks for <code>${requirement}</code>` : PROTECTION[protection]}</p>
        <button type="button" hidden>Try<span class="visually-hidden"> ${url}</span></button>
        <div class="answer" role="status"></div>
      </li>`,
  )}
    </ul>`
}

const PROTECTION: Readonly<Record<ClientCertRoute['protection'], string>> = {
  public: 'public',
  verified: 'any verified certificate',
  guarded: 'guarded',
}
