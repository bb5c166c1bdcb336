import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

/** The path and content type of each file. */
export const ASSETS = {
  '/page.css': 'text/css; charset=utf-8',
  '/page.js': 'text/javascript; charset=utf-8',
  '/icon.svg': 'image/svg+xml; charset=utf-8',
} as const

/**
 * Serves the files of the pages. They are public on purpose: a refused visitor needs them too, and they contain nothing
 * about any visitor.
 */
export function serveAssets(app: FastifyInstance): void {
  for (const [path, type] of Object.entries(ASSETS)) {
    const content = readFileSync(join(import.meta.dirname, path))
    app.get(path, { config: { clientCert: false } }, (_request, reply) =>
      reply
        .headers({ 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
        .send(content),
    )
  }
}
