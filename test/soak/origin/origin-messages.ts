import type { SigningJwk } from '@countersign/wire'

/** How to start the origin. */
export interface OriginOptions {
  readonly key: SigningJwk
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly clientCa: string
  readonly crlUrl: string
  /** Seconds. */
  readonly crlRefresh: number
  readonly redisUrl: string
  /** Milliseconds, in place of the plugin's own. */
  readonly keysTiming: { readonly cooldown?: number; readonly refreshInterval?: number }
}

/** What the origin can be asked. */
export type Question = 'heap' | 'cpu' | 'delay' | 'faults' | 'resources' | 'connections' | 'close'
