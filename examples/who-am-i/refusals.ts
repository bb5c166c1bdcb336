import type { CountersignErrorCode } from '@countersign/origin-plugin'

/** The proofs in the order in which the origin checks them, and then the route's own requirement. */
export const STEPS = ['edge', 'access', 'certificate', 'trust', 'route'] as const

/** One of {@link STEPS}. */
export type Step = (typeof STEPS)[number]

/** The failed step of a refusal, and the client's next step. */
export interface Refusal {
  /**
   * The step that failed. If a code can come from two steps, this is the earlier one: the page must not show a step as
   * holding that was not checked.
   */
  readonly step: Step
  readonly advice: string
}

const OPERATOR = 'Send the code to the operator of this site.'

/** The step of every code, with advice for the visitor. docs/errors.md is for the operator. */
export const REFUSALS: Readonly<Record<CountersignErrorCode, Refusal>> = {
  CSN_HEADERS_MALFORMED: {
    step: 'edge',
    advice: `Something between Cloudflare and this origin adds or rewrites certificate headers. ${OPERATOR}`,
  },
  CSN_SIGNATURE_MISSING: {
    step: 'edge',
    advice: 'Open the site by its public name, which leads through Cloudflare. This address is not for visitors.',
  },
  CSN_SIGNATURE_INVALID: {
    step: 'edge',
    advice: `Edge and origin use different keys, or something in between changed the request. ${OPERATOR}`,
  },
  CSN_SIGNATURE_EXPIRED: {
    step: 'edge',
    advice: `Load the page again. If that does not help, a clock is wrong. ${OPERATOR}`,
  },
  CSN_SIGNATURE_REPLAYED: {
    step: 'edge',
    advice: 'Load the page again. Each signed request is valid once.',
  },
  CSN_REPLAY_STORE_UNAVAILABLE: { step: 'edge', advice: 'Your request is not the cause. Try again in a minute.' },
  CSN_ACCESS_TOKEN_MISSING: {
    step: 'access',
    advice: `Sign in again. If no login page appears, this address is not behind Access. ${OPERATOR}`,
  },
  CSN_ACCESS_TOKEN_INVALID: {
    step: 'access',
    advice: `Sign out of Access and in again. If that does not help, the origin expects another application. ${OPERATOR}`,
  },
  CSN_ACCESS_TOKEN_EXPIRED: { step: 'access', advice: 'Sign in again. Your session has ended.' },
  CSN_ACCESS_KEYS_UNAVAILABLE: { step: 'access', advice: 'Your request is not the cause. Try again in a minute.' },
  CSN_CERT_MISSING: {
    step: 'certificate',
    advice:
      'Import your client certificate into the browser, close every window of it, and open this page again. If it asks which certificate to show, do not cancel. A browser does not offer a certificate that has expired: get a new one from its issuer.',
  },
  CSN_CERT_UNVERIFIED: {
    step: 'certificate',
    advice:
      'Present another certificate. This one is not from a CA that Cloudflare verifies for this site. A browser asks again in a new private window.',
  },
  CSN_CERT_EXPIRED: {
    step: 'certificate',
    advice: 'Get a new certificate from its issuer. If it is new, check the date from which it is valid.',
  },
  CSN_CERT_REVOKED: {
    step: 'certificate',
    advice: 'Get a new certificate from its issuer, and remove this one from the browser.',
  },
  CSN_CERT_UNREADABLE: {
    step: 'certificate',
    advice: `Present another certificate. This one is valid, but a part of it has a form that this site cannot read. ${OPERATOR}`,
  },
  CSN_CERT_MISMATCH: {
    step: 'certificate',
    advice: 'Sign out of Access and in again with your own certificate.',
  },
  CSN_CERT_UNTRUSTED_ISSUER: {
    step: 'trust',
    advice: 'Present a certificate from a CA that this site trusts. A browser asks again in a new private window.',
  },
  CSN_REVOCATION_UNAVAILABLE: { step: 'trust', advice: 'Your request is not the cause. Try again in a minute.' },
  CSN_USER_UNKNOWN: {
    step: 'route',
    advice:
      'Your certificate is good, but it belongs to no user of this site. Ask the operator of this site for access.',
  },
  CSN_IDENTIFY_UNAVAILABLE: { step: 'route', advice: 'Your request is not the cause. Try again in a minute.' },
  CSN_CERT_FORBIDDEN: {
    step: 'route',
    advice: 'Your certificate is good, but this address is for others. Ask the operator of this site for access.',
  },
}
