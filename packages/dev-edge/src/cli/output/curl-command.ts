import { relative } from 'node:path'

/** The parts of one curl command. */
export interface CurlOptions {
  /** Path of the PEM file of the CA for `--cacert`. */
  readonly caFile?: string | undefined
  /** Paths of the client's certificate and key in PEM. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined
  /** Header lines, such as `X-CERT-VERIFY: SUCCESS`. */
  readonly headers?: readonly string[] | undefined
}

/**
 * Formats a curl command for a shell, with paths relative to the working directory.
 *
 * @example
 * ```ts
 * formatCurl(`${edge.url}/me`, { caFile: '.countersign/edge-ca.pem' })
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

/** Formats a path relative to the working directory. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path)
  // curl looks up a name without a folder in its own store, and parses a leading dash as an option.
  return shown.startsWith('.') || shown.startsWith('/') ? shown : `./${shown}`
}

/** Quotes a word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
