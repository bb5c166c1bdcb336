import type { AccessIdentity, ClientCert, CountersignError, CountersignPluginOptions } from '@countersign/origin-plugin'
import { type Html, type HtmlValue, html } from './html.ts'
import { REFUSALS, STEPS, type Step } from './refusals.ts'

/** The plugin's options that decide which proofs the origin requires. Pass the same values as to the plugin. */
export type ProofOptions = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/** `open`: an earlier proof failed, so this one was not checked. `skipped`: the origin does not require it. */
export type Verdict = 'holds' | 'failed' | 'open' | 'skipped'

/** One link of the chain. */
export interface Proof {
  readonly step: Step
  readonly verdict: Verdict
  readonly why: HtmlValue
}

const TITLES: Readonly<Record<Step, string>> = {
  edge: 'Edge signature',
  access: 'Access token',
  certificate: 'Certificate',
  trust: 'Trust',
  route: 'This address',
}

const WORDS: Readonly<Record<Verdict, string>> = {
  holds: 'Holds',
  failed: 'Failed',
  open: 'Open',
  skipped: 'Not required',
}

/** Renders each proof with its verdict, in words as well as in colour. */
export function renderChain(proofs: readonly Proof[]): Html {
  return html`<ol class="chain">${proofs.map(
    ({ step, verdict, why }) => html`
      <li class="proof ${verdict}" data-step="${step}">
        <h3>${TITLES[step]}</h3>
        <p class="verdict">${WORDS[verdict]}</p>
        <p class="why">${why}</p>
      </li>`,
  )}
    </ol>`
}

/** The chain of an admitted request: every required proof holds, each with its reason. */
export function proofsHeld(cert: ClientCert, access: AccessIdentity | null, options: ProofOptions): Proof[] {
  const reasons: [Step, HtmlValue][] = [
    ['edge', describeSignature(cert)],
    ['access', access ? describeToken(access) : undefined],
    ['certificate', describeVerification(cert)],
    ['trust', describeTrust(cert)],
  ]
  return reasons.map(([step, why]) =>
    isRequired(step, options) ? { step, verdict: 'holds', why } : skippedProof(step),
  )
}

/**
 * The chain of a refused request, up to the failed proof and with the open ones after it.
 *
 * @param explain - whether to show the refusal's reason
 */
export function proofsRefused(error: CountersignError, options: ProofOptions, explain: boolean): Proof[] {
  const { step: failed } = REFUSALS[error.code]
  const shown = STEPS.filter((step) => step !== 'route' || step === failed)
  return shown.map((step, at) => {
    if (step === failed) return { step, verdict: 'failed', why: describeFailure(error, explain) }
    if (!isRequired(step, options)) return skippedProof(step)
    return at < shown.indexOf(failed)
      ? { step, verdict: 'holds', why: HELD_BEFORE_REFUSAL[step] }
      : { step, verdict: 'open', why: 'It counts for nothing while an earlier proof fails.' }
  })
}

/** The page must not show a proof as holding that the origin does not check. */
function isRequired(step: Step, { edge, access, trustedIssuers }: ProofOptions): boolean {
  switch (step) {
    case 'edge':
      return edge !== null
    case 'access':
      return access !== null
    case 'trust':
      return trustedIssuers !== null
    default:
      return true
  }
}

/** A step whose option is `null`. */
function skippedProof(step: Step): Proof {
  return { step, verdict: 'skipped', why: 'This origin does not require it.' }
}

function describeSignature({ raw }: ClientCert): HtmlValue {
  const headers = Object.keys(raw).length
  return `The Worker signed this request: its address, the Access token and ${headers} certificate headers. The signature is valid once.`
}

function describeToken(access: AccessIdentity): HtmlValue {
  return html`Cloudflare Access admitted ${describeAdmitted(access)} to this application. <code>${access.claims.iss}</code> signed the token.`
}

function describeAdmitted(access: AccessIdentity): HtmlValue {
  switch (access.kind) {
    case 'user':
      return access.email
    case 'service':
      return 'a service token'
    case 'certificate':
      return 'the holder of this certificate'
  }
}

function describeVerification({ verification, x509 }: ClientCert): HtmlValue {
  return html`Cloudflare’s verdict on the handshake: <code>${verification}</code>. ${
    x509
      ? 'The Worker forwarded the certificate itself, and it agrees with the headers.'
      : 'The Worker did not forward the certificate itself, so names and dates come from Cloudflare’s headers.'
  } It is within its validity period.`
}

function describeTrust({ issuer }: ClientCert): HtmlValue {
  return html`<code>${issuer.toString()}</code> issued it, and this origin trusts that CA. No revocation list of this origin contains it.`
}

/** These texts name no client and no issuer: the reader was refused. */
const HELD_BEFORE_REFUSAL: Readonly<Record<Step, string>> = {
  edge: 'The request came through the Worker, and nothing has changed it since.',
  access: 'Cloudflare Access admitted the visitor to this application.',
  certificate: 'Cloudflare verified the certificate.',
  trust: 'This origin trusts the issuer.',
  route: '',
}

function describeFailure({ message, reason }: CountersignError, explain: boolean): HtmlValue {
  return explain ? html`${message}: <code>${reason}</code>` : `${message}.`
}
