import { countersign } from '@countersign/worker'

interface Env {
  readonly COUNTERSIGN_KEY: string
}

/** A Worker that does more than to sign: it answers one path itself. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/edge') return new Response('the edge')
    try {
      return await fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
    } catch (error) {
      console.error(error instanceof Error ? error.message : 'unknown')
      return new Response('the edge failed', { status: 500 })
    }
  },
}

// @ts-expect-error: the key is required
export const unsigned = (request: Request): Promise<Request> => countersign(request, {})
