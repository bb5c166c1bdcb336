import type { SigningJwk } from '@countersign/wire'
import { createTestEdge } from '../testing/create-test-edge.ts'
import { checkClock } from './check-clock.ts'
import { checkHeaderSizes } from './check-header-sizes.ts'
import { checkHosts } from './check-hosts.ts'
import { checkTransport } from './check-transport.ts'
import { check, type Finding } from './finding.ts'
import { judgeRefusal } from './judge-refusal.ts'
import { type Answer, probe } from './probe.ts'

/** The parts of a deployment that the requests to the origin need. */
export interface CheckedOrigin {
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
 * that an unknown Worker has signed. Then checks its hosts, its header limits and its clock.
 */
export async function checkOrigin(url: URL, { host, key, withChain, cloudflare }: CheckedOrigin): Promise<Finding[]> {
  let unsigned: Answer
  try {
    unsigned = await probe(url, { trustedOnly: false, host })
  } catch (error) {
    return [
      check('unsigned-request').failed(
        `the origin cannot be reached from here: ${(error as Error).message}`,
        "This is right if only Cloudflare can reach it. Run the check on the origin's own machine",
      ),
    ]
  }
  const forged = await forge(new URL(url.pathname + url.search, `https://${host ?? url.host}`))
  const { signature: _, 'signature-input': __, ...withoutSignature } = forged
  return [
    checkTransport(url, unsigned),
    judgeRefusal('unsigned-request', unsigned, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-certificate', url, withoutSignature, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-signature', url, forged, 'CSN_SIGNATURE_INVALID'),
    ...(await checkHosts(url, host, key)),
    ...(await checkHeaderSizes(url, unsigned, { host, withChain })),
    ...checkClock(unsigned, cloudflare),
  ]
}

/** Builds the headers of a request as the Worker sends it, with a key, a CA and a team of the doctor's own. */
async function forge(url: URL): Promise<Record<string, string>> {
  const edge = await createTestEdge()
  return edge.headers({ url: url.href, cert: { subject: 'CN=countersign-doctor,O=Forged' } })
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
