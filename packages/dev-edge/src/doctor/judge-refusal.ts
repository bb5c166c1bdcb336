import { ENFORCE, refusalCode, reportedCode } from './decision-code.ts'
import { type CheckName, check, type Finding } from './finding.ts'
import type { Answer } from './probe.ts'

const AROUND = 'Give the address of the origin itself, around Cloudflare'

/**
 * Compares an answer of the origin with the expected refusal.
 *
 * @param expected - the code of that refusal
 */
export function judgeRefusal(name: CheckName, answer: Answer, expected: string): Finding {
  const { ok, warning, failed } = check(name)
  const { status, headers } = answer
  if (headers['cf-ray'] !== undefined) return failed(`Cloudflare answered ${status}, not the origin`, AROUND)
  const reported = reportedCode(answer)
  if (reported !== undefined) {
    const other = reported === expected ? '' : ` in place of ${expected}`
    return failed(`report mode: the origin would refuse with ${reported}${other}, and admits it`, ENFORCE)
  }
  const code = refusalCode(answer)
  if (status < 300) {
    return failed(
      `answered ${status}: the origin accepted it`,
      'Register countersign before every route. If this route is intentionally public, name a protected one',
    )
  }
  if (code === undefined && (status === 401 || status === 403)) {
    return warning(
      `refused with ${status}, without a code of Countersign`,
      `The origin may hide the code in its error handler, or a proxy answered. Look for "countersign: request refused" with ${expected} in the log of the origin`,
    )
  }
  if (code === undefined) {
    return failed(
      `answered ${status}, but not by Countersign`,
      status >= 500
        ? 'Look for the error in the log of the origin: clientCertOf() fails if the plugin does not protect its route. Without one there, a proxy answered in its place'
        : 'Name a route of the Fastify application, and look for a proxy that answers in its place',
    )
  }
  if (code === expected) return ok(`refused with ${status} ${code}`)
  if (code.startsWith('CSN_WORKER_') || code.startsWith('CSN_DEV_') || code === 'CSN_ACCESS_REQUIRED') {
    return failed(`the edge answered ${status} ${code}, not the origin`, AROUND)
  }
  if (code.startsWith('CSN_ACCESS_')) {
    return warning(
      `refused with ${status} ${code}: the origin does not check the edge signature`,
      'With edge: null any holder of an Access token can claim any certificate at the origin; set edge.keys',
    )
  }
  return warning(
    `refused with ${status} ${code} in place of ${expected}`,
    'Look for a proxy before the origin that adds, drops or rewrites headers',
  )
}

/** Whether a refusal comes from the headers or the signature, before token and certificate were read. */
export function isRefusedForSignature(code: string | undefined): boolean {
  return code === 'CSN_HEADERS_MALFORMED' || code?.startsWith('CSN_SIGNATURE_') === true
}
