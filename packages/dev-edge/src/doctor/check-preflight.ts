import { decisionCode, describeRefusal, reportedCode } from './decision-code.ts'
import { check, type Finding } from './finding.ts'
import { isRefusedForSignature } from './judge-refusal.ts'
import { type Answer, probe } from './probe.ts'

const { ok, failed } = check('preflight')

/**
 * Sends a CORS preflight through Cloudflare, as a browser does: without certificate, token and cookie.
 *
 * @param page - the origin of the page that calls, such as `https://dashboard.example.com`
 * @see {@link https://fetch.spec.whatwg.org/#cors-preflight-fetch Fetch: CORS-preflight fetch}
 */
export async function checkPreflight(url: URL, page: string): Promise<Finding> {
  const headers = { origin: page, 'access-control-request-method': 'GET' }
  try {
    return judgePreflight(await probe(url, { method: 'OPTIONS', headers, trustedOnly: false }), page)
  } catch (error) {
    return failed((error as Error).message, 'Look at the DNS record and at the TLS settings of this hostname')
  }
}

function judgePreflight(answer: Answer, page: string): Finding {
  const { status, headers } = answer
  const code = decisionCode(answer)
  if (status < 300 && reportedCode(answer) === undefined) {
    const allowed = headers['access-control-allow-origin']
    return allowed === page || allowed === '*'
      ? ok(`answered ${status}, and allows the page`)
      : failed(
          `answered ${status}, and does not allow the page`,
          'Compare the origin of --preflight with the option origin of @fastify/cors, or with the CORS settings of the Access application',
        )
  }
  if (code?.startsWith('CSN_WORKER_')) {
    return failed(
      `the Worker answered ${status} ${code}`,
      'Correct the configuration of the Worker. docs/errors.md has its codes',
    )
  }
  if (isRefusedForSignature(code)) {
    return failed(
      `for the signature of the Worker, the origin ${describeRefusal(answer)}`,
      'Follow the advice of the check "through-edge"',
    )
  }
  if (code !== undefined) {
    return failed(
      `the origin ${describeRefusal(answer)}`,
      "Register @fastify/cors at the origin, and write routes: [{ method: 'OPTIONS', url: '*', clientCert: false }]",
    )
  }
  return failed(
    `answered ${status} without a code, perhaps by Access, by a rule of the WAF or by cloudflared`,
    'Switch on "Bypass options requests to origin" in the Access application, spare OPTIONS in rules on cert_verified, and leave access out of the configuration of cloudflared',
  )
}
