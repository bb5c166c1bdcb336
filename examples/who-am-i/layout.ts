import type { FastifyReply } from 'fastify'
import { type Html, html } from './html.ts'

/**
 * Only this origin's own files, and no script or style inside the page. Markup that a name in a certificate smuggles in
 * does not run. `connect-src` is for the buttons that try a route.
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

/** Wraps a page's content in the document that all pages share. */
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

/** Answers with a page for one visitor, which no cache may keep. */
export function sendPage(reply: FastifyReply, status: number, page: Html): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .send(String(page))
}
