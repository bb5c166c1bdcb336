import type { SignatureParameters } from '@countersign/wire'
import { isWithoutCertificate } from '../certificate/certificate-absence.ts'
import { parseClientCert } from '../certificate/parse-client-cert.ts'
import { requireTrustedIssuer, type Trust } from '../certificate/require-trusted-issuer.ts'
import { ownOf, type ParsedCert } from '../certificate/shareable-cert.ts'
import { revocationsOf } from '../certificate/trusted-issuers.ts'
import { type CountersignErrorCode, STEPS, type StepName } from '../errors.ts'
import type { RouteGuard } from '../guards/guard.ts'
import type { Settings } from '../options.ts'
import { type EdgeFields, readHeaders } from '../read-headers.ts'
import { type CapturedRequest, receivedHeader, signatureParameters } from './captured-request.ts'

/**
 * One step of the plugin, with its outcome.
 *
 * @example
 * ```ts
 * const failed = (steps: readonly ExplainedStep[]) => steps.find(({ outcome }) => outcome === 'fails')
 * ```
 */
export interface ExplainedStep {
  readonly step: StepName
  /** `not asked for`: the options do not ask for it. `not reached`: an earlier step refused the request. */
  readonly outcome: 'holds' | 'fails' | 'not asked for' | 'not reached'
  /** The reason. It contains no token, key or signature, but it may contain text that an attacker chose. */
  readonly detail: string
  /** The code of the refusal, on the step that fails. */
  readonly code?: CountersignErrorCode
}

/**
 * A refusal, as the origin would answer and log it.
 *
 * @example
 * ```ts
 * const line = ({ statusCode, code, reason }: ExplainedRefusal) => `${statusCode} ${code}: ${reason}`
 * ```
 */
export interface ExplainedRefusal {
  readonly code: CountersignErrorCode
  readonly statusCode: number
  /** The sentence for the client. */
  readonly message: string
  /** The reason in the origin's log. */
  readonly reason: string
}

/** A captured request, with the settings that it is explained by. */
export interface Explained {
  readonly captured: CapturedRequest
  readonly settings: Settings
  readonly guard: RouteGuard | undefined
  /** The time of the decision, in seconds since the epoch. */
  readonly at: number
}

/** The steps that a captured request takes. `identify` is not called for it, since it may be from an attacker. */
const EXPLAINED = STEPS.filter((step) => step !== 'user')

/** Lists every step with its outcome. Without a refusal, every step that the options ask for holds. */
export function explainSteps(
  explained: Explained,
  refused?: { readonly step: StepName; readonly refusal: ExplainedRefusal },
): ExplainedStep[] {
  const failedAt = refused ? STEPS.indexOf(refused.step) : STEPS.length
  const withoutCertificate = failedAt > STEPS.indexOf('verdict') && doesWithout(explained)
  return EXPLAINED.map((step, at) => {
    if (refused && at === failedAt) {
      const { code, reason } = refused.refusal
      return { step, outcome: 'fails', detail: reason, code }
    }
    const { notAsked, describe } = DESCRIPTIONS[step]
    const absent = withoutCertificate && OF_CERTIFICATES.has(step) ? WITHOUT : notAsked(explained)
    if (absent !== null) return { step, outcome: 'not asked for', detail: absent }
    return at < failedAt
      ? { step, outcome: 'holds', detail: describe(explained) }
      : { step, outcome: 'not reached', detail: '' }
  })
}

/** The steps that a request without a certificate does not take on an optional route. */
const OF_CERTIFICATES: ReadonlySet<StepName> = new Set(['verdict', 'certificate', 'trust', 'guard'])
const WITHOUT = 'the client presented no certificate, and the requirement is optional'

/** Whether the request was judged as one without a certificate. Call it only if its headers were read. */
const doesWithout = (explained: Explained): boolean =>
  explained.guard?.optional === true && isWithoutCertificate(fieldsOf(explained), explained.settings.edge !== null)

interface StepDescription {
  /** The option that leaves the step out; `null` when the step is taken. */
  readonly notAsked: (explained: Explained) => string | null
  /** Describes the step after it held. */
  readonly describe: (explained: Explained) => string
}

const always = () => null
const withEdge = ({ settings }: Explained) => (settings.edge ? null : 'edge is null')
const withAccess = ({ settings }: Explained) => (settings.access ? null : 'access is null')

const DESCRIPTIONS: Readonly<Record<(typeof EXPLAINED)[number], StepDescription>> = {
  headers: {
    notAsked: always,
    describe: (explained) => describeHeaders(fieldsOf(explained)),
  },
  'edge signature': {
    notAsked: withEdge,
    describe: ({ captured }) => describeSignature(signatureParameters(captured)),
  },
  host: {
    notAsked: withEdge,
    describe: ({ settings: { edge } }) => {
      const hosts = edge?.hosts
      return hosts
        ? `the edge signed it for one of ${[...hosts].join(', ')}`
        : 'edge.hosts is null, so every host is accepted'
    },
  },
  'Access token': {
    notAsked: withAccess,
    describe: ({ settings: { access } }) => `signed by ${access?.issuer} for ${access?.audience.join(' or ')}`,
  },
  verdict: {
    notAsked: always,
    describe: ({ settings }) =>
      settings.source.name === 'rfc9440'
        ? 'client-cert is present, which the transform rules set for a certificate that is verified and not revoked'
        : 'Cloudflare verified the certificate and does not list it as revoked',
  },
  certificate: {
    notAsked: always,
    describe: (explained) => describeCertificate(certificateOf(explained), explained.settings),
  },
  trust: {
    notAsked: always,
    describe: (explained) => describeTrust(certificateOf(explained), explained),
  },
  'token and certificate': {
    notAsked: withAccess,
    describe: () => 'the token does not name another certificate',
  },
  guard: {
    notAsked: ({ guard }) => (guard ? null : 'no requirement was given'),
    describe: ({ guard }) => guard?.description ?? '',
  },
  replay: {
    notAsked: (explained) => withEdge(explained) ?? (explained.settings.edge?.replay ? null : 'edge.replay is false'),
    describe: () => 'the nonce is new among these requests; the origin may have seen it before',
  },
}

/** The headers of a request whose first step held. */
function fieldsOf({ captured, settings }: Explained): EdgeFields {
  const signatureInput = settings.edge ? receivedHeader(captured, 'signature-input') : undefined
  return readHeaders(captured.rawHeaders, settings.source, signatureInput)
}

function describeHeaders({ later }: EdgeFields): string {
  const names = later.map(([name]) => name).join(', ')
  if (names === '') return 'no certificate header is repeated, empty or unknown'
  return `no certificate header is repeated or empty; the signature covers ${names}, of a later release of the Worker, which decides nothing`
}

/** The certificate of a request whose certificate step held: the same parser reads the same headers again. */
function certificateOf(explained: Explained): ParsedCert {
  return parseClientCert(fieldsOf(explained))
}

function describeSignature({ keyid, alg, created = 0 }: Partial<SignatureParameters> = {}): string {
  return `by the key "${keyid}" (${alg}), made at ${new Date(created * 1000).toISOString()}`
}

function describeCertificate(cert: ParsedCert, { source }: Settings): string {
  const { issuer, whole } = cert
  const forwarded = whole ? 'Client-Cert matches' : 'no Client-Cert to compare with'
  const compared = source.name === 'rfc9440' ? 'read from Client-Cert alone' : forwarded
  return `${String(ownOf(cert).subject) || '(empty)'}, issued by ${issuer}; ${compared}`
}

function describeTrust(cert: ParsedCert, { settings, at }: Explained): string {
  const issuers = settings.trustedIssuers.current
  const validity = `valid from ${cert.validFrom} to ${cert.validTo}`
  if (!issuers) return `every issuer is trusted; ${validity}`
  const lists =
    revocationsOf(issuers).length > 0 ? 'not on a configured revocation list' : 'no revocation list is configured'
  return `${describeSigner(cert, requireTrustedIssuer(cert, issuers, at))}; ${validity}; ${lists}`
}

function describeSigner({ whole }: ParsedCert, { issuers, path }: Trust): string {
  if (path) return `a certification path was verified: ${path.cas.map(({ subject }) => subject).join(' ◀ ')}`
  return whole && issuers.some(({ ca }) => ca)
    ? 'a trusted issuer signed it'
    : 'the issuer is trusted by its name, and no signature was verified'
}
