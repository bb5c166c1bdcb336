import { type CheckName, check, type Finding } from './finding.ts'
import { type Answer, probe } from './probe.ts'

/** As large as Node lets all headers of a request be, unless it is told otherwise: 16 KiB. A leaf certificate fits. */
const USUAL = 15 * 1024
/** Room for a chain: Cloudflare passes on as much as 16 KiB of intermediates, a third more in base64. */
const CHAIN = 30 * 1024
/** Proxies limit single lines too, commonly to 8 KiB. */
const LINE = 4 * 1024

/**
 * Sends as many headers as a token, a certificate and a chain may take.
 *
 * @param small - the answer to a request with few headers
 */
export async function checkHeaderSizes(url: URL, small: Answer): Promise<Finding[]> {
  const usual = await tooMuch(url, USUAL, small)
  if (usual !== undefined) {
    const advice =
      'A token and a certificate need this much: raise the limit of the origin and of every proxy before it'
    return [check('header-size').failed(`${describe(USUAL)} of headers: ${usual}`, advice)]
  }
  const chain = await tooMuch(url, CHAIN, small)
  return [pass('header-size', USUAL), chain === undefined ? pass('header-size-chain', CHAIN) : tooSmall(chain)]
}

function pass(name: CheckName, bytes: number): Finding {
  return check(name).ok(`${describe(bytes)} of headers are not too much`)
}

function tooSmall(why: string): Finding {
  return check('header-size-chain').warning(
    `${describe(CHAIN)} of headers: ${why}`,
    'With COUNTERSIGN_FORWARD_CERT=chain start Node with --max-http-header-size=32768, or Fastify with http: { maxHeaderSize: 32768 }. Without it there is nothing to do',
  )
}

/** What became of a request with so many headers; nothing when the answer is that to a small one. */
async function tooMuch(url: URL, bytes: number, small: Answer): Promise<string | undefined> {
  try {
    const { status } = await probe(url, { headers: padding(bytes), trustedOnly: false })
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
