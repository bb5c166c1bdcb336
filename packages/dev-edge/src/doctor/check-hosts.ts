import type { SigningJwk } from '@countersign/wire'
import { decisionCode, ENFORCE, reportedCode } from './decision-code.ts'
import { check, type Finding } from './finding.ts'
import { isRefusedForSignature } from './judge-refusal.ts'
import { type Answer, probe } from './probe.ts'
import { signProbe } from './sign-probe.ts'

const own = check('own-host')
const other = check('other-host')

/** No origin has this name (RFC 2606, section 2). */
const OTHER_HOST = 'countersign-doctor.invalid'

const GIVE_KEY = 'Give --keys with an HMAC key. The public half of an Ed25519 key cannot sign'
const GIVE_HOST = 'Give --host with the hostname that clients use, one of edge.hosts'

/**
 * Signs two requests with the origin's own key, for its hostname and for another one, and sends both.
 *
 * Attack: two origins share a key. One of them relays a request that was signed for it to the other one.
 *
 * The requests have neither certificate nor token, so the origin refuses both, unless the certificate is optional. The
 * code of the refusal shows the outcome of the signature.
 *
 * @param host - the hostname of the origin at the edge
 * @param key - a key of the origin that can sign
 */
export async function checkHosts(url: URL, host: string | undefined, key: SigningJwk | undefined): Promise<Finding[]> {
  if (!key) return [other.skipped('not checked: no key that can sign', GIVE_KEY)]
  const ownFinding =
    host === undefined ? own.skipped('not checked: no hostname', GIVE_HOST) : await checkOwn(url, host, key)
  return [ownFinding, await checkOther(url, key, ownFinding.outcome === 'ok')]
}

async function checkOwn(url: URL, host: string, key: SigningJwk): Promise<Finding> {
  const answer = await sendSigned(url, host, key)
  if ('message' in answer) return own.failed(answer.message, 'The origin answered other requests, but not this one')
  const code = decisionCode(answer)
  if (code === undefined && answer.status >= 300) return own.skipped(HIDDEN, SHOW_CODE)
  if (!isRefusedForSignature(code)) return own.ok(`accepts a signature of its key for ${host}`)
  return own.failed(
    reportedCode(answer) === undefined
      ? `refuses a signature of its key for ${host} with ${answer.status} ${code}`
      : `report mode: the origin would refuse a signature of its key for ${host} with ${code}`,
    'Compare keys and hosts of edge with those of the running origin. The reason in its log has both sides',
  )
}

async function checkOther(url: URL, key: SigningJwk, isKeyAccepted: boolean): Promise<Finding> {
  const answer = await sendSigned(url, OTHER_HOST, key)
  // A server in front may close the connection for an unknown name.
  if ('message' in answer) return other.ok(`does not answer for another host: ${answer.message}`)
  const code = decisionCode(answer)
  if (code === undefined && answer.status >= 300) return other.skipped(HIDDEN, SHOW_CODE)
  if (!isRefusedForSignature(code)) {
    return other.failed(
      'accepts a signature of its key for a host that is not its own',
      'List the hostnames of the origin in edge.hosts. With null, a request for one origin is good at every origin with this key',
    )
  }
  if (reportedCode(answer) !== undefined) {
    return other.failed(`report mode: the origin would refuse another host with ${code}, and admits it`, ENFORCE)
  }
  if (isKeyAccepted) return other.ok('refuses a signature of its key for a host that is not its own')
  return other.skipped(`not checked: refused with ${code}, perhaps for its key`, GIVE_HOST)
}

const HIDDEN = 'not checked: the answer has no code'
const SHOW_CODE = 'Let the error handler of the origin answer with the code of Countersign'

async function sendSigned(url: URL, host: string, key: SigningJwk): Promise<Answer | Error> {
  try {
    const signed = await signProbe(new URL(url.pathname + url.search, `https://${host}`), key)
    return await probe(url, { headers: signed, trustedOnly: false })
  } catch (error) {
    return error as Error
  }
}
