import type { HeaderSourceName } from '@countersign/origin-plugin'
import type { SigningJwk } from '@countersign/wire'
import { createTestEdge, type TestEdge } from '../testing/create-test-edge.ts'
import { checkClock } from './check-clock.ts'
import { checkHeaderSizes } from './check-header-sizes.ts'
import { checkHosts } from './check-hosts.ts'
import { checkTransport, isLoopback } from './check-transport.ts'
import { check, type Finding } from './finding.ts'
import { judgeRefusal } from './judge-refusal.ts'
import { type Answer, probe } from './probe.ts'

/** The parts of a deployment that the requests to the origin need. */
export interface CheckedOrigin {
  /** The sender of its certificate headers. */
  readonly source: HeaderSourceName
  /** The hostname of the origin at the edge. Without it the requests name the origin's own address. */
  readonly host: string | undefined
  /** A key of the origin that can sign. */
  readonly key: SigningJwk | undefined
  /** Whether the Worker forwards the chain. */
  readonly withChain: boolean
  /** An answer of Cloudflare, for its clock. */
  readonly cloudflare: Answer | undefined
}

/**
 * Checks that the origin refuses three requests: one without a signature, one with forged certificate headers, and one
 * that an unknown Worker has signed. An origin without a Worker refuses the first two for their token. Then checks its hosts, its header limits and its clock.
 */
export async function checkOrigin(
  url: URL,
  { source, host, key, withChain, cloudflare }: CheckedOrigin,
): Promise<Finding[]> {
  let unsigned: Answer
  try {
    unsigned = await probe(url, { trustedOnly: false, host })
  } catch (error) {
    const { message } = error as Error
    return [
      check('unsigned-request').failed(`the origin cannot be reached from here: ${message}`, adviseReach(url, message)),
    ]
  }
  const target = new URL(url.pathname + url.search, `https://${host ?? url.host}`)
  return [
    checkTransport(url, unsigned),
    ...(source === 'worker'
      ? await checkSigned(url, target, unsigned)
      : await checkToken(url, target, unsigned, source)),
    ...(source === 'worker' ? await checkHosts(url, host, key) : []),
    ...(await checkHeaderSizes(url, unsigned, { host, withChain })),
    ...checkClock(unsigned, cloudflare),
  ]
}

/** On this machine no firewall is in the way: nothing listens at the port. */
function adviseReach(url: URL, reason: string): string {
  if (isLoopback(url) && reason === 'ECONNREFUSED') {
    return 'Nothing listens at this port. Start the origin, or correct the port'
  }
  return "This is right if only Cloudflare can reach it. Run the check on the origin's own machine"
}

/** An origin behind the Worker refuses each request for its signature. */
async function checkSigned(url: URL, target: URL, unsigned: Answer): Promise<Finding[]> {
  const forged = await forge(target, await createTestEdge())
  const { signature: _, 'signature-input': __, ...withoutSignature } = forged
  return [
    judgeRefusal('unsigned-request', unsigned, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-certificate', url, withoutSignature, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-signature', url, forged, 'CSN_SIGNATURE_INVALID'),
  ]
}

/** Without a Worker nothing signs, and the token is the only proof. */
async function checkToken(
  url: URL,
  target: URL,
  unsigned: Answer,
  headers: Exclude<HeaderSourceName, 'worker'>,
): Promise<Finding[]> {
  const forged = await forge(target, await createTestEdge({ headers }))
  return [
    judgeRefusal('unsigned-request', unsigned, 'CSN_ACCESS_TOKEN_MISSING'),
    await checkRefusal('forged-certificate', url, forged, 'CSN_ACCESS_TOKEN_INVALID'),
  ]
}

/** Builds the headers of a request as the edge sends it, with a key, a CA and a team of the doctor's own. */
function forge(target: URL, edge: Pick<TestEdge, 'headers'>): Promise<Record<string, string>> {
  return edge.headers({ url: target.href, cert: { subject: 'CN=countersign-doctor,O=Forged' } })
}

async function checkRefusal(
  name: 'forged-certificate' | 'forged-signature',
  url: URL,
  headers: Record<string, string>,
  code: string,
): Promise<Finding> {
  try {
    return judgeRefusal(name, await probe(url, { headers, trustedOnly: false }), code)
  } catch (error) {
    return check(name).failed((error as Error).message, 'The origin answered the first request, but not this one')
  }
}
