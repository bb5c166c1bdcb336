import type { SigningJwk } from '@countersign/wire'
import type { Report, WatchedTask } from '../lib/background-task.ts'
import { checkRefresh, createReloaded } from '../lib/reloaded.ts'
import { checkTextSource, type FileSource, isTextSource, WrongAnswer } from '../lib/text-source.ts'
import { type EdgeKeys, importEdgeKeys, keepUnchanged } from './edge-keys.ts'

/**
 * The accepted keys of the Worker: one JWK, several, a JWK Set (RFC 7517), or the JSON text of these.
 *
 * @example
 * ```ts
 * const keys: EdgeKeyList = [
 *   { kty: 'OKP', crv: 'Ed25519', kid: '2026-11', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
 * ]
 * ```
 */
export type EdgeKeyList = SigningJwk | readonly SigningJwk[] | { readonly keys: readonly SigningJwk[] } | string

/**
 * The place of the Worker's keys, for keys that change while the server runs: a file with their JSON text, or a function
 * that returns them. The function gets a signal, which aborts after 5 seconds. Pass it on: while 8 calls have not ended
 * after that, the function is not called again.
 *
 * @example
 * ```ts
 * import type { EdgeKeySource } from '@countersign/origin-plugin'
 *
 * export const inFile: EdgeKeySource = { file: '/run/secrets/countersign-keys.json' }
 * export const inVault: EdgeKeySource = async (signal) => {
 *   const answer = await fetch('http://127.0.0.1:8200/v1/secret/countersign', { signal })
 *   return answer.text()
 * }
 * ```
 */
export type EdgeKeySource = FileSource | ((signal: AbortSignal) => EdgeKeyList | Promise<EdgeKeyList>)

/** The keys in use. Read `current` once for a request, so that it sees one set of keys. */
export interface KeysInUse {
  readonly current: EdgeKeys
}

/** The option `edge.keys`, checked. `reload` keeps the keys of a source current. */
export interface ConfiguredKeys {
  readonly keys: KeysInUse
  readonly reload: WatchedTask | undefined
}

/**
 * Checks the options `edge.keys` and `edge.refresh`.
 *
 * @param report - gets each failed reload, and its end
 * @throws TypeError whose message states the correction
 */
export function resolveKeys({ keys: given, refresh }: Record<string, unknown>, report: Report): ConfiguredKeys {
  if (!isTextSource(given)) {
    if (refresh !== undefined) {
      throw new TypeError(
        'edge.refresh has no effect, because edge.keys does not change; write keys: { file: "/path/keys.json" } or a function, or remove refresh',
      )
    }
    if (isMisspelledSource(given)) {
      throw new TypeError('edge.keys contains neither a key nor a file; write keys: { file: "/path/keys.json" }')
    }
    if (isPath(given)) throw new TypeError('edge.keys is a path; write keys: { file: "/path/keys.json" }')
    return { keys: { current: importEdgeKeys(given) }, reload: undefined }
  }
  const source = checkTextSource(given, 'edge.keys', toText)
  const keys = { current: new Map() as EdgeKeys }
  const place = typeof given === 'function' ? 'the answer' : 'the file'
  const use = (text: string) => {
    keys.current = keepUnchanged(keys.current, importEdgeKeys(text, place))
  }
  const name = `edge.keys from ${source.name}`
  return {
    keys,
    reload: createReloaded({ name, source, refresh: checkRefresh(refresh, 'edge.refresh'), use, report }),
  }
}

/** JSON never begins or ends so. The path itself is not quoted: it could be a secret in the wrong place. */
const isPath = (given: unknown) => typeof given === 'string' && /^(?:[./~]|file:)|\.json$/i.test(given)

const isMisspelledSource = (given: unknown) =>
  typeof given === 'object' &&
  given !== null &&
  !Array.isArray(given) &&
  !['kty', 'kid', 'keys', 'originKeys'].some((name) => name in given)

/** JSON text is a copy: a function that changes its answer later, or answers with getters, changes no key in use. */
function toText(answer: unknown): string {
  const text = typeof answer === 'object' && !(answer instanceof Uint8Array) ? JSON.stringify(answer) : undefined
  if (answer === null || text === undefined) {
    throw new WrongAnswer('the answer must be a JWK, a list of JWKs, a JWK Set, or the JSON text of one of these')
  }
  return text
}
