/**
 * Spends the nonces of signed requests, for all processes of an origin.
 *
 * `@countersign/origin-plugin/redis` makes one for Redis or Valkey.
 *
 * At the start of the server, the plugin spends random nonces twice, with each method of the store. It does not start
 * with a store that returns anything but `true` and then `false`.
 *
 * @example
 * ```ts
 * import type { ReplayStore } from '@countersign/origin-plugin'
 *
 * declare const db: { insertNew(names: readonly string[], milliseconds: number): Promise<ReadonlySet<string>> }
 *
 * const replay: ReplayStore = {
 *   spend: async (nonce, lifetime) => (await db.insertNew([nonce], lifetime)).has(nonce),
 *   async spendMany(nonces, lifetime) {
 *     const fresh = await db.insertNew(nonces, lifetime)
 *     return nonces.map((nonce) => fresh.has(nonce))
 *   },
 * }
 * ```
 */
export interface ReplayStore {
  /**
   * Spends a nonce atomically: of any number of processes, one gets `true`.
   *
   * @param nonce - 22 characters of base64url, from a verified signature or from the check at the start
   * @param lifetime - milliseconds for which the nonce must be remembered
   * @returns `true` the first time, `false` after that
   * @throws when the store cannot tell whether the nonce is fresh
   */
  spend(nonce: string, lifetime: number): PromiseLike<boolean>
  /**
   * Spends several nonces, each atomically as {@link ReplayStore.spend} does. Leave it out of a store that cannot take
   * several nonces at once.
   *
   * With it, the plugin spends the nonces of all requests that arrive in one turn of the event loop together, and no
   * longer calls `spend` after the start. `edge.storeTimeout` limits the whole batch.
   *
   * @param nonces - up to 100 different nonces
   * @param lifetime - milliseconds for which each nonce must be remembered
   * @returns for each nonce, in the same order: `true` the first time, `false` after that, or an `Error` if the store
   *   cannot tell. An `Error` refuses this nonce's request alone
   * @throws when the store cannot tell about any of the nonces
   */
  spendMany?(nonces: readonly string[], lifetime: number): PromiseLike<readonly (boolean | Error)[]>
}
