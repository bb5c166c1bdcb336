import type { CertificateStep } from '../certificate/read-trusted-cert.ts'
import type { CountersignErrorCode } from '../errors.ts'
import type { Guard } from '../guards/guard.ts'
import type { Settings } from '../resolve-options.ts'
import type { CapturedRequest } from './captured-request.ts'
import { describeStep } from './explain-details.ts'

/** The steps of the plugin, in the order in which it takes them. */
export const STEPS = [
  'headers',
  'edge signature',
  'replay',
  'Access token',
  'verdict',
  'certificate',
  'trust',
  'token and certificate',
  'guard',
] as const

/** One of the plugin's steps. */
export type StepName = (typeof STEPS)[number]

/** A step, and what came of it. */
export interface ExplainedStep {
  readonly step: StepName
  /** `not asked for`: by the options. `not reached`: a step before it has refused the request. */
  readonly outcome: 'holds' | 'fails' | 'not asked for' | 'not reached'
  /** Why. Holds no token, key or signature, but text that whoever sent the request has chosen. */
  readonly detail: string
  /** Of the step that fails. */
  readonly code?: CountersignErrorCode
}

/** A refusal, as it would be answered and logged. */
export interface ExplainedRefusal {
  readonly code: CountersignErrorCode
  readonly statusCode: number
  /** What the client reads. */
  readonly message: string
  /** What the origin logs. */
  readonly reason: string
}

/** What was explained. */
export interface Explained {
  readonly captured: CapturedRequest
  readonly settings: Settings
  readonly guard: Guard | undefined
}

/** A refusal, and the last step of the certificate's that had begun before it. */
export interface RefusedAt {
  readonly refusal: ExplainedRefusal
  readonly begun: CertificateStep | undefined
}

/** The steps that each code can come from, in order. */
const BLAMED: Readonly<Record<CountersignErrorCode, readonly StepName[]>> = {
  CSN_HEADERS_MALFORMED: ['headers', 'verdict', 'certificate'],
  CSN_SIGNATURE_MISSING: ['edge signature'],
  CSN_SIGNATURE_INVALID: ['edge signature'],
  CSN_SIGNATURE_EXPIRED: ['edge signature'],
  CSN_SIGNATURE_REPLAYED: ['replay'],
  CSN_REPLAY_STORE_UNAVAILABLE: ['replay'],
  CSN_ACCESS_TOKEN_MISSING: ['Access token'],
  CSN_ACCESS_TOKEN_INVALID: ['Access token'],
  CSN_ACCESS_TOKEN_EXPIRED: ['Access token'],
  CSN_ACCESS_KEYS_UNAVAILABLE: ['Access token'],
  CSN_CERT_MISSING: ['verdict'],
  CSN_CERT_UNVERIFIED: ['verdict'],
  CSN_CERT_REVOKED: ['verdict', 'trust'],
  CSN_CERT_EXPIRED: ['verdict', 'trust'],
  CSN_CERT_UNTRUSTED_ISSUER: ['trust'],
  CSN_REVOCATION_UNAVAILABLE: ['trust'],
  CSN_CERT_MISMATCH: ['certificate', 'token and certificate'],
  CSN_CERT_FORBIDDEN: ['guard'],
}

/** Every step with its outcome; without a refusal all hold that were asked for. */
export function explainSteps(explained: Explained, refused?: RefusedAt): ExplainedStep[] {
  const failedAt = refused ? STEPS.indexOf(blame(refused)) : STEPS.length
  return STEPS.map((step, at) => {
    if (refused && at === failedAt) {
      const { code, reason } = refused.refusal
      return { step, outcome: 'fails', detail: reason, code }
    }
    const { asked, detail } = describeStep(step, explained)
    if (!asked) return { step, outcome: 'not asked for', detail }
    return at < failedAt ? { step, outcome: 'holds', detail } : { step, outcome: 'not reached', detail: '' }
  })
}

/** Of the steps that a code can come from, the first that was not over when the refusal came. */
function blame({ refusal: { code }, begun }: RefusedAt): StepName {
  const from = begun === undefined ? 0 : STEPS.indexOf(begun)
  const step = BLAMED[code].find((each) => STEPS.indexOf(each) >= from)
  if (step === undefined) throw new Error(`${code} came after the step ${begun}`)
  return step
}
