import type { CountersignErrorCode } from '@countersign/origin-plugin'

/** The proofs in the order in which the origin asks for them, and what the route asks on top. */
export const STEPS = ['edge', 'access', 'certificate', 'trust', 'route'] as const

/** One of {@link STEPS}. */
export type Step = (typeof STEPS)[number]

/** Where a refusal happened, and what the one who was refused can do. */
export interface Refusal {
  /**
   * The step that did not hold. Of two that the same code can come from it is the earlier one, so that no step is ever
   * shown as holding that was not asked.
   */
  readonly step: Step
  readonly advice: string
}

const OPERATOR = 'Tell whoever runs this site, with the code.'

/** The step of every code, and what to do. The text is for the visitor; docs/errors.md is for the operator. */
export const REFUSALS: Readonly<Record<CountersignErrorCode, Refusal>> = {
  CSN_HEADERS_MALFORMED: {
    step: 'edge',
    advice: `Something between Cloudflare and this origin adds or rewrites certificate headers. ${OPERATOR}`,
  },
  CSN_SIGNATURE_MISSING: {
    step: 'edge',
    advice: 'This address is not for visitors: open the site by its public name, which leads through Cloudflare.',
  },
  CSN_SIGNATURE_INVALID: {
    step: 'edge',
    advice: `Edge and origin do not agree on a key, or something in between has changed the request. ${OPERATOR}`,
  },
  CSN_SIGNATURE_EXPIRED: {
    step: 'edge',
    advice: `Load the page again. If that does not help, a clock is wrong: ${OPERATOR.toLowerCase()}`,
  },
  CSN_SIGNATURE_REPLAYED: {
    step: 'edge',
    advice: 'Load the page again: each signed request counts once.',
  },
  CSN_REPLAY_STORE_UNAVAILABLE: { step: 'edge', advice: 'Nothing is wrong with you. Try again in a minute.' },
  CSN_ACCESS_TOKEN_MISSING: {
    step: 'access',
    advice: `Sign in again. If nobody asks you to, this address is not behind Access: ${OPERATOR.toLowerCase()}`,
  },
  CSN_ACCESS_TOKEN_INVALID: {
    step: 'access',
    advice: `Sign out of Access and in again. If that does not help, the origin expects another application: ${OPERATOR.toLowerCase()}`,
  },
  CSN_ACCESS_TOKEN_EXPIRED: { step: 'access', advice: 'Sign in again: your session has ended.' },
  CSN_ACCESS_KEYS_UNAVAILABLE: { step: 'access', advice: 'Nothing is wrong with you. Try again in a minute.' },
  CSN_CERT_MISSING: {
    step: 'certificate',
    advice:
      'Import your client certificate into the browser, close every window of it, and open this page again. If it asks which certificate to show, do not cancel.',
  },
  CSN_CERT_UNVERIFIED: {
    step: 'certificate',
    advice:
      'Show another certificate: this one is not from a CA that Cloudflare verifies for this site. A browser asks again in a new private window.',
  },
  CSN_CERT_EXPIRED: {
    step: 'certificate',
    advice: 'Get a new certificate from whoever issued this one. If it is new, check that it is valid already.',
  },
  CSN_CERT_REVOKED: {
    step: 'certificate',
    advice: 'Get a new certificate from whoever issued this one, and remove this one from the browser.',
  },
  CSN_CERT_MISMATCH: {
    step: 'certificate',
    advice: 'Sign out of Access and in again with the certificate that is yours.',
  },
  CSN_CERT_UNTRUSTED_ISSUER: {
    step: 'trust',
    advice: 'Show a certificate from a CA that this site trusts. A browser asks again in a new private window.',
  },
  CSN_REVOCATION_UNAVAILABLE: { step: 'trust', advice: 'Nothing is wrong with you. Try again in a minute.' },
  CSN_CERT_FORBIDDEN: {
    step: 'route',
    advice: 'Your certificate is good, but this address is for others. Ask whoever runs this site to let you in.',
  },
}
