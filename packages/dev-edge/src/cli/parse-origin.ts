import { InvalidArgumentError } from 'commander'
import { parseOriginUrl } from '../net/origin-url.ts'

/** Parses where the origin listens. */
export function parseOrigin(text: string): string {
  const url = parseOriginUrl(text)
  if (url) return url.origin
  throw new InvalidArgumentError('Write a plain HTTP origin such as http://127.0.0.1:3000.')
}
