import type { AccessIdentity, ClientCert, CountersignError, CountersignPluginOptions } from '@countersign/origin-plugin'
import type { Proof } from './chain-of-proofs.ts'
import { type HtmlValue, html } from './html.ts'
import { REFUSALS, STEPS, type Step } from './refusal-table.ts'

/** The proofs that the origin requires, and the amount of detail on the pages. */
export interface WhoAmIOptions extends Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'> {
  /**
   * Whether the pages show the reason of a refusal and the requirement of each route. Use it on a laptop. In production
   * only the log may contain them: they would tell an attacker how close the attempt came, and the next one to make.
   */
  readonly explain: boolean
}

/** The proofs of an admitted request. Every proof that the origin requires holds. */
export function proofsHeld(cert: ClientCert, access: AccessIdentity | null, options: WhoAmIOptions): Proof[] {
  const reasons: [Step, HtmlValue][] = [
    ['edge', edgeSigned(cert)],
    ['access', access ? accessAdmitted(access) : undefined],
    ['certificate', cloudflareVerified(cert)],
    ['trust', issuerTrusted(cert)],
  ]
  return reasons.map(([step, why]) => (isAskedFor(step, options) ? { step, verdict: 'holds', why } : notAskedFor(step)))
}

/** The proofs of a refused request: up to the one that failed, and the open ones after it. */
export function proofsRefused(error: CountersignError, options: WhoAmIOptions): Proof[] {
  const { step: failed } = REFUSALS[error.code]
  const shown = STEPS.filter((step) => step !== 'route' || step === failed)
  return shown.map((step, at) => {
    if (step === failed) return { step, verdict: 'failed', why: whyOf(error, options) }
    if (!isAskedFor(step, options)) return notAskedFor(step)
    return at < shown.indexOf(failed)
      ? { step, verdict: 'holds', why: HELD[step] }
      : { step, verdict: 'open', why: 'Counts for nothing while a proof before it fails.' }
  })
}

/** Whether the origin requires the proof of a step. The page must not claim a proof that the options switched off. */
function isAskedFor(step: Step, { edge, access, trustedIssuers }: WhoAmIOptions): boolean {
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
function notAskedFor(step: Step): Proof {
  return { step, verdict: 'skipped', why: 'This origin goes without it.' }
}

function edgeSigned({ raw }: ClientCert): HtmlValue {
  const headers = Object.keys(raw).length
  return `The Worker signed this very request a moment ago: its address, the Access token and ${headers} certificate headers. The signature counts once.`
}

function accessAdmitted(access: AccessIdentity): HtmlValue {
  return html`Cloudflare Access admitted ${nameOfIdentity(access)} to this application; <code>${access.claims.iss}</code> signed the token.`
}

function nameOfIdentity(access: AccessIdentity): HtmlValue {
  switch (access.kind) {
    case 'user':
      return access.email
    case 'service':
      return 'a service token'
    case 'certificate':
      return 'the holder of this certificate'
  }
}

function cloudflareVerified({ verification, x509 }: ClientCert): HtmlValue {
  return html`Cloudflare’s verdict on the handshake: <code>${verification}</code>. ${
    x509
      ? 'The Worker forwarded the certificate itself, and it agrees with the headers.'
      : 'The Worker did not forward the certificate itself: names and dates come from Cloudflare’s headers.'
  } It is within its validity.`
}

function issuerTrusted({ issuer }: ClientCert): HtmlValue {
  return html`<code>${issuer.toString()}</code> issued it, and this origin trusts that CA. No revocation list of this origin contains it.`
}

/** Texts for the proofs that held before another failed. They name no person: the reader was not admitted. */
const HELD: Readonly<Record<Step, string>> = {
  edge: 'The request came through the Worker, and nothing has changed it since.',
  access: 'Cloudflare Access admitted the visitor to this application.',
  certificate: 'Cloudflare verified the certificate.',
  trust: 'This origin trusts the issuer.',
  route: '',
}

function whyOf({ message, reason }: CountersignError, { explain }: WhoAmIOptions): HtmlValue {
  return explain ? html`${message}: <code>${reason}</code>` : `${message}.`
}
