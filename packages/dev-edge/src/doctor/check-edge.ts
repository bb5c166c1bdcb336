import { cacheUnreachable, checkCache, isFromCache } from './check-cache.ts'
import { decisionCode, reportedCode } from './decision-code.ts'
import { check, type Finding } from './finding.ts'
import { isRefusedForSignature } from './judge-refusal.ts'
import { type Answer, type ClientCredentials, probe } from './probe.ts'

const { ok, failed, skipped } = check('through-edge')

const REMEDIES: Readonly<Record<string, string>> = {
  CSN_SIGNATURE_MISSING: "Compare the Worker's route with this URL. No Worker signed the request",
  CSN_SIGNATURE_INVALID:
    'Look for a platform or a proxy that writes its own Host, or rewrites the path. The reason in the log of the origin has method, host and path as they arrived, and both key ids',
  CSN_SIGNATURE_EXPIRED: 'Synchronise the clock of the origin (NTP)',
}

/**
 * Sends three requests through Cloudflare. It reads from the first answer whether the origin accepted the Worker's
 * signature, and from all of them whether a cache answers.
 *
 * @param client - a client certificate that Access admits. Without one, Access may answer itself
 */
export async function checkEdge(
  url: URL,
  client: ClientCredentials | undefined,
): Promise<[edge: Finding, cache: Finding]> {
  let answer: Answer
  try {
    answer = await probe(url, { trustedOnly: false, client })
  } catch (error) {
    const { message } = error as Error
    return [
      failed(message, 'Look at the DNS record and at the TLS settings of this hostname'),
      cacheUnreachable(message),
    ]
  }
  return [judgeThroughEdge(answer, client !== undefined), await checkCache(url, client, answer)]
}

function judgeThroughEdge(answer: Answer, hasClient: boolean): Finding {
  // A stored answer tells nothing of the origin. The check of the cache judges it.
  if (isFromCache(answer)) {
    return skipped('not checked: a cache answered', 'Follow the advice of the check "cache", then ask again')
  }
  const { status } = answer
  const code = decisionCode(answer)
  const isReported = reportedCode(answer) !== undefined
  const shown = isReported ? `${status}, in report mode with ${code}` : [status, ...(code ? [code] : [])].join(' ')
  if (code?.startsWith('CSN_WORKER_')) {
    return failed(
      `the Worker answered ${shown}`,
      'Correct the configuration of the Worker. docs/errors.md has its codes',
    )
  }
  if (code === 'CSN_ACCESS_REQUIRED') {
    return failed(
      `the Worker answered ${shown}: Access does not protect this hostname`,
      'Protect the hostname with the application of COUNTERSIGN_REQUIRE_ACCESS, or take the route off the Worker',
    )
  }
  // The origin gives this code only to a client with a certificate.
  if (code === 'CSN_CERT_UNVERIFIED' && !hasClient) {
    return skipped(
      `not checked: the Worker answered ${shown} itself (COUNTERSIGN_REQUIRE)`,
      'Give --client and --client-key with a certificate that Cloudflare verifies',
    )
  }
  if (code !== undefined && isRefusedForSignature(code)) {
    return failed(
      isReported
        ? `report mode: the origin would refuse the signature of the Worker with ${code}`
        : `the origin refused the signature of the Worker with ${shown}`,
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
