import type { Server } from 'node:http'
import type countersign from '@countersign/origin-plugin'
import type { Sample } from '../lib/sample.ts'

/** The plugin of this checkout or of another one. */
export type Plugin = typeof countersign

/** A server that can be started: Fastify's, or one of another framework. */
export interface Origin {
  readonly server: Server
  listen(address: { readonly host: string; readonly port: number }): Promise<unknown>
  close(): Promise<void>
}

/** One way to build the measured origin. */
export interface Contender {
  /** Its checks, for the table. */
  readonly checks: string
  /**
   * Its requests.
   *
   * - `hmac`, `ed25519`: each signed with that key
   * - `unverified`: signed as with `hmac`, for an origin that ignores signatures
   * - `unsigned`: without a signature
   * - `new tokens`: each signed with `hmac`, and with a new token
   */
  readonly load: 'hmac' | 'ed25519' | 'unverified' | 'unsigned' | 'new tokens'
  /** Whether it accepts a token with a wrong signature. Each other contender must refuse one before it is measured. */
  readonly ignoresToken?: true
  /** Whether it needs a Redis, whose URL is `sample.redis`. */
  readonly needsRedis?: true
  /**
   * Whether it runs the plugin of the last `pnpm build`. A thread of the plugin starts while it is measured, and from the
   * sources Node would strip types in that thread.
   */
  readonly built?: true
  readonly build: (sample: Sample, plugin: Plugin) => Promise<Origin>
}
