import type { AccessIdentity, ClientCert } from '@countersign/origin-plugin'
import { isAskedFor, notAskedFor } from './asked-for.ts'
import type { Proof } from './chain-of-proofs.ts'
import { type HtmlValue, html } from './html.ts'
import type { PageOptions } from './page-options.ts'
import type { Step } from './refusal-table.ts'

/** The proofs behind a request that got through: all that the origin asks for hold, and here is why. */
export function proofsHeld(cert: ClientCert, access: AccessIdentity | null, options: PageOptions): Proof[] {
  const reasons: [Step, HtmlValue][] = [
    ['edge', edgeSigned(cert)],
    ['access', access ? accessAdmitted(access) : undefined],
    ['certificate', cloudflareVerified(cert)],
    ['trust', issuerTrusted(cert)],
  ]
  return reasons.map(([step, why]) => (isAskedFor(step, options) ? { step, verdict: 'holds', why } : notAskedFor(step)))
}

function edgeSigned({ raw }: ClientCert): HtmlValue {
  const headers = Object.keys(raw).length
  return `The Worker signed this very request a moment ago: its address, the Access token and ${headers} certificate headers. The signature counts once.`
}

function accessAdmitted(access: AccessIdentity): HtmlValue {
  return html`Cloudflare Access admitted ${whomOf(access)} to this application; <code>${access.claims.iss}</code> signed the token.`
}

function whomOf(access: AccessIdentity): HtmlValue {
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
      ? 'The certificate itself came along and says what the headers say.'
      : 'The certificate itself did not come along: names and dates are Cloudflare’s word.'
  } It is within its validity.`
}

function issuerTrusted({ issuer }: ClientCert): HtmlValue {
  return html`<code>${issuer.toString()}</code> issued it, which this origin trusts. Nothing that this origin asks knows it as revoked.`
}
