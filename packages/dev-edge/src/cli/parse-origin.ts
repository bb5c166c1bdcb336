import { InvalidArgumentError } from 'commander'

/** Parses where the origin listens. */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && url.href === `${url.origin}/`) return url.origin
  throw new InvalidArgumentError('Write a plain HTTP origin such as http://127.0.0.1:3000.')
}
