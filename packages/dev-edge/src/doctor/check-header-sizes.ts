import { type CheckName, check, type Finding } from './finding.ts'
import { type Answer, probe } from './probe.ts'

/** Node's default limit for all headers of a request is 16 KiB. A leaf certificate fits. */
const USUAL = 15 * 1024
/** Cloudflare forwards at most 16 KiB of intermediates, and base64 adds a third. */
const CHAIN = 30 * 1024
/** Proxies also limit single lines, commonly to 8 KiB. */
const LINE = 4 * 1024

/**
 * Sends headers of the size that a token, a certificate and a chain need.
 *
 * @param small - the answer to a request with few headers
 * @param how - the `Host` of the requests, and whether the Worker forwards the chain, which needs twice the size
 */
export async function checkHeaderSizes(
  url: URL,
  small: Answer,
  { host, withChain }: { readonly host: string | undefined; readonly withChain: boolean },
): Promise<Finding[]> {
  const usual = await tooMuch(url, USUAL, small, host)
  if (usual !== undefined) {
    const advice =
      'A token and a certificate need this size. Raise the limit of the origin and of every proxy before it'
    return [check('header-size').failed(`${describe(USUAL)} of headers: ${usual}`, advice)]
  }
  if (!withChain) return [pass('header-size', USUAL)]
  const chain = await tooMuch(url, CHAIN, small, host)
  return [pass('header-size', USUAL), chain === undefined ? pass('header-size-chain', CHAIN) : tooSmall(chain)]
}

function pass(name: CheckName, bytes: number): Finding {
  return check(name).ok(`accepts ${describe(bytes)} of headers`)
}

function tooSmall(why: string): Finding {
  return check('header-size-chain').failed(
    `${describe(CHAIN)} of headers: ${why}`,
    'Start Node with --max-http-header-size=32768, or Fastify with http: { maxHeaderSize: 32768 }, or let the Worker forward the leaf only',
  )
}

/** Returns the failure of a request with headers of this size, or `undefined` if it gets the answer of a small one. */
async function tooMuch(url: URL, bytes: number, small: Answer, host?: string): Promise<string | undefined> {
  try {
    const { status } = await probe(url, { headers: padding(bytes), trustedOnly: false, host })
    return status === small.status ? undefined : `answered ${status}`
  } catch (error) {
    return (error as Error).message
  }
}

function padding(bytes: number): Record<string, string> {
  const lines: Record<string, string> = {}
  for (let left = bytes, at = 0; left > 0; left -= LINE, at++) {
    const name = `x-countersign-doctor-${at}`
    lines[name] = 'x'.repeat(Math.max(1, Math.min(left, LINE) - `${name}: \r\n`.length))
  }
  return lines
}

function describe(bytes: number): string {
  return `${bytes / 1024} KiB`
}
