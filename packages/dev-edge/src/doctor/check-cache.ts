import { decisionCode, ENFORCE, reportedCode } from './decision-code.ts'
import { check, type Finding } from './finding.ts'
import { type Answer, type ClientCredentials, probe } from './probe.ts'

const { ok, warning, failed, skipped } = check('cache')

/**
 * The values of `CF-Cache-Status` with which Cloudflare answers in place of the origin.
 *
 * @see {@link https://developers.cloudflare.com/cache/concepts/cache-responses/ Cloudflare: cache responses}
 */
const FROM_CACHE: ReadonlySet<string> = new Set(['HIT', 'STALE', 'UPDATING', 'REVALIDATED'])
/** The values with which Cloudflare asks the origin, and may store its answer. */
const ASKED_CACHE: ReadonlySet<string> = new Set(['MISS', 'EXPIRED'])

const GO_AROUND =
  "Pass the request of countersign() to fetch() unchanged, remove the Cache Rule of this URL, and purge the zone's cache"

/**
 * Checks that no cache answers a guarded URL: asks for it twice, as an admitted client if there is one, and then without
 * a certificate.
 *
 * @param url - the guarded URL through Cloudflare
 * @param first - an answer to the same client for this URL, if there is one already
 */
export async function checkCache(url: URL, client: ClientCredentials | undefined, first?: Answer): Promise<Finding> {
  try {
    const ask = (as?: ClientCredentials) => probe(url, { trustedOnly: false, client: as })
    const answers = [first ?? (await ask(client)), await ask(client)]
    return judgeCache(answers, await ask())
  } catch (error) {
    return cacheUnreachable((error as Error).message)
  }
}

/** The finding for a URL that cannot be reached. */
export function cacheUnreachable(message: string): Finding {
  return failed(`the URL cannot be reached: ${message}`, 'Give a guarded URL through Cloudflare')
}

/**
 * @param answers - to the client
 * @param without - to a request without a certificate
 */
function judgeCache(answers: readonly Answer[], without: Answer): Finding {
  const all = [...answers, without]
  const cached = all.find(isFromCache)
  if (cached) return failed(`a cache answered ${cached.status} (${describeCache(cached)})`, GO_AROUND)
  const reported = reportedCode(without)
  if (reported !== undefined) {
    return failed(`report mode: the origin would refuse others with ${reported}, and admits them`, ENFORCE)
  }
  if (without.status < 300) {
    return failed(
      `answered ${without.status} without a certificate`,
      'If this route is intentionally public, or its certificate optional, name a guarded one. Otherwise look for a cache, and for a missing guard',
    )
  }
  if (all.some(({ headers }) => headers['cf-ray'] === undefined)) {
    return warning('Cloudflare did not answer', 'Give the guarded URL at its public hostname, through Cloudflare')
  }
  const asked = all.find((answer) => ASKED_CACHE.has(cacheStatus(answer)))
  if (asked) return warning(`the zone's cache was asked (${describeCache(asked)})`, GO_AROUND)
  const refused = answers.find(({ status }) => status >= 300)
  if (!refused) return ok(`answered the client, refused others with ${without.status}, both without a cache`)
  const code = decisionCode(refused)
  return skipped(
    `not checked: answered ${refused.status}${code === undefined ? '' : ` ${code}`}, so a cache had nothing to store`,
    'Give --client and --client-key of a client that may see this URL, and a URL that ends in .csv or another extension that Cloudflare stores',
  )
}

/** Whether a cache gave this answer, which it gives to any client. */
export function isFromCache(answer: Answer): boolean {
  return FROM_CACHE.has(cacheStatus(answer)) || Number(answer.headers.age) > 0
}

/** Names the evidence. Quotes only known words and a number, because a server chooses the header. */
function describeCache(answer: Answer): string {
  const status = cacheStatus(answer)
  const isKnown = FROM_CACHE.has(status) || ASKED_CACHE.has(status)
  return isKnown ? `CF-Cache-Status: ${status}` : `Age: ${Number(answer.headers.age)}`
}

function cacheStatus({ headers }: Answer): string {
  return String(headers['cf-cache-status'] ?? '').toUpperCase()
}
