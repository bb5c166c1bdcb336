import { countersign } from '@countersign/worker'

interface Bindings {
  readonly COUNTERSIGN_KEY: string
}

/** The documented Worker after the change: it writes the same headers, and signs the request. */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    return fetch(await countersign(request, { key: env.COUNTERSIGN_KEY }))
  },
}
