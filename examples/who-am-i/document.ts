import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type Html, html } from './html.ts'

/**
 * Allows this origin's own files alone, and no inline script or style. Markup that an attacker puts into a name in a
 * certificate would not run. `connect-src` is for the buttons that try a route.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The headers of every page. No cache may store a page, because it is about one client. */
export const DOCUMENT_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const

/** Puts the content of a page into the document that all pages share. */
export function renderDocument(title: string, main: Html): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title} · Countersign</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    <script src="/page.js" defer></script>
  </head>
  <body>
    <header class="masthead">
      <img src="/icon.svg" alt="" width="28" height="28">
      <p>Countersign <span>quickstart</span></p>
    </header>
    <main>
    ${main}
    </main>
  </body>
</html>
`
}

/** The paths of the files that the document loads, each with its media type and sources. */
export const ASSETS = {
  '/page.css': {
    type: 'text/css; charset=utf-8',
    sources: ['base.css', 'card.css', 'chain.css', 'routes.css', 'controls.css'],
  },
  '/page.js': { type: 'text/javascript; charset=utf-8', sources: ['page.js'] },
  '/icon.svg': { type: 'image/svg+xml; charset=utf-8', sources: ['icon.svg'] },
} as const

/**
 * Serves the files that the document loads. The routes are explicitly public: a refused client needs the files too. They
 * are the same for every client, and contain nothing about any client.
 */
export function serveAssets(app: FastifyInstance): void {
  for (const [path, { type, sources }] of Object.entries(ASSETS)) {
    const content = sources.map((name) => readFileSync(join(import.meta.dirname, 'assets', name), 'utf8')).join('\n')
    app.get(path, { config: { clientCert: false } }, (_request, reply) =>
      reply
        .headers({ 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
        .send(content),
    )
  }
}
