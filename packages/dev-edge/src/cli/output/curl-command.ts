import { relative } from 'node:path'

/** What one curl command is to say. */
export interface CurlOptions {
  /** Path of the CA in PEM that curl is to trust. */
  readonly caFile?: string | undefined
  /** The client's certificate and key, as paths of PEM files. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined
  /** Header lines, such as `X-CERT-VERIFY: SUCCESS`. */
  readonly headers?: readonly string[] | undefined
}

/**
 * A curl command to paste into a shell, with paths as seen from the working directory.
 *
 * @example
 * ```ts
 * formatCurl(`${edge.url}/me`, { caFile: edgeCaFile('.countersign'), client: clientFiles('.countersign', 'alice') })
 * ```
 */
export function formatCurl(url: string, { caFile, client, headers = [] }: CurlOptions = {}): string {
  const words = [
    'curl',
    ...(caFile ? ['--cacert', shownPath(caFile)] : []),
    ...(client ? ['--cert', shownPath(client.cert), '--key', shownPath(client.key)] : []),
    ...headers.flatMap((line) => ['--header', line]),
    url,
  ]
  return words.map(quoteForShell).join(' ')
}

/** A path as it is written from the working directory. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path)
  // curl takes a name without a folder for one in its own store, and everything for an option that begins with a dash.
  return shown.startsWith('.') || shown.startsWith('/') ? shown : `./${shown}`
}

/** A word as a POSIX shell reads it back. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
