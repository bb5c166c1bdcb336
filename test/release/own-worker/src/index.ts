import { createHash } from 'node:crypto'
import { countersign } from '@countersign/worker'

interface Env {
  readonly COUNTERSIGN_KEY: string
  readonly API_TOKEN: string
  readonly REGION: string
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (new URL(request.url).pathname === '/fault') throw new RangeError(`a fault in ${env.REGION}`)
    const signed = await countersign(request, { key: env.COUNTERSIGN_KEY })
    signed.headers.set('X-Region', env.REGION)
    signed.headers.set('X-Token', createHash('sha256').update(env.API_TOKEN).digest('hex'))
    return fetch(signed)
  },
}
