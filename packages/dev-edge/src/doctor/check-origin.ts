import { createTestEdge } from '../testing/create-test-edge.ts'
import { checkClock } from './check-clock.ts'
import { checkHeaderSizes } from './check-header-sizes.ts'
import { checkTransport } from './check-transport.ts'
import { check, type Finding } from './finding.ts'
import { judgeRefusal } from './judge-refusal.ts'
import { type Answer, probe } from './probe.ts'

/**
 * Checks that the origin refuses three requests: one without a signature, one with forged certificate headers, and one
 * that an unknown Worker has signed.
 *
 * @param cloudflare - an answer of Cloudflare, for its clock
 */
export async function checkOrigin(url: URL, cloudflare: Answer | undefined): Promise<Finding[]> {
  let unsigned: Answer
  try {
    unsigned = await probe(url, { trustedOnly: false })
  } catch (error) {
    return [
      check('unsigned-request').failed(
        `the origin cannot be reached from here: ${(error as Error).message}`,
        "This is right if only Cloudflare can reach it. Run the check on the origin's own machine",
      ),
    ]
  }
  const forged = await forge(url)
  const { signature: _, 'signature-input': __, ...withoutSignature } = forged
  return [
    checkTransport(url, unsigned),
    judgeRefusal('unsigned-request', unsigned, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-certificate', url, withoutSignature, 'CSN_SIGNATURE_MISSING'),
    await checkRefusal('forged-signature', url, forged, 'CSN_SIGNATURE_INVALID'),
    ...(await checkHeaderSizes(url, unsigned)),
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
