/** Where an origin listens: plain HTTP, and nothing behind the port. `undefined` for any other text. */
export function parseOriginUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' && url.href === `${url.origin}/` ? url : undefined
}
