import { isFromCache } from './check-cache.ts'
import { check, type Finding } from './finding.ts'
import { isRefusedForSignature, refusalCode } from './judge-refusal.ts'
import { type Answer, type ClientCredentials, probe } from './probe.ts'

const { ok, failed, skipped } = check('through-edge')

const REMEDIES: Readonly<Record<string, string>> = {
  CSN_SIGNATURE_MISSING: "Compare the Worker's route with this URL. No Worker signed the request",
  CSN_SIGNATURE_INVALID:
    'Look for a platform or a proxy that writes its own Host, or rewrites the path. The reason in the log of the origin has method, host and path as they arrived, and both key ids',
  CSN_SIGNATURE_EXPIRED: 'Synchronise the clock of the origin (NTP)',
}

/**
 * Sends a request through Cloudflare, and reads from the answer whether the origin accepted the Worker's signature.
 *
 * @param client - a client certificate that Access admits. Without one, Access may answer itself
 */
export async function checkEdge(url: URL, client: ClientCredentials | undefined): Promise<Finding> {
  let answer: Answer
  try {
    answer = await probe(url, { trustedOnly: false, client })
  } catch (error) {
    return failed((error as Error).message, 'Look at the DNS record and at the TLS settings of this hostname')
  }
  return judgeThroughEdge(answer, client !== undefined)
}

function judgeThroughEdge(answer: Answer, hasClient: boolean): Finding {
  // A stored answer tells nothing of the origin. The check of the cache judges it.
  if (isFromCache(answer)) {
    return skipped('not checked: a cache answered', 'Follow the advice of the check "cache", then ask again')
  }
  const { status } = answer
  const code = refusalCode(answer)
  const shown = code === undefined ? `${status}` : `${status} ${code}`
  if (code?.startsWith('CSN_WORKER_')) {
    return failed(
      `the Worker answered ${shown}`,
      'Correct the configuration of the Worker. docs/errors.md has its codes',
    )
  }
  if (code !== undefined && isRefusedForSignature(code)) {
    return failed(
      `the origin refused the signature of the Worker with ${shown}`,
      REMEDIES[code] ?? 'Look for a proxy between Worker and origin that adds, drops or rewrites headers',
    )
  }
  if (code !== undefined || status < 300)
    return ok(`answered ${shown}: the origin accepted the signature of the Worker`)
  return skipped(
    `not checked: answered ${shown} without a code, perhaps by Access`,
    hasClient
      ? 'Give a URL that answers 200 to this client, and a certificate that Access admits'
      : 'Give --client and --client-key with a certificate that Access admits',
  )
}
