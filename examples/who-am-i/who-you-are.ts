import type { AccessIdentity, ClientCert } from '@countersign/origin-plugin'
import { type Html, type HtmlValue, html } from './html.ts'
import { renderValidity } from './validity.ts'

/** Renders the visitor's proven certificate as a card. */
export function renderWhoYouAre(cert: ClientCert, access: AccessIdentity | null, now: Date): Html {
  const { subject, issuer, serialNumber, fingerprint256, validFromDate, validToDate } = cert
  return html`<article class="card" aria-labelledby="name">
      <header>
        <p class="eyebrow">Client certificate</p>
        <h1 id="name">${nameOf(cert)}</h1>
        <p class="dn"><span class="visually-hidden">Subject: </span><code>${subject.toString()}</code></p>
      </header>
      <dl>
        ${entry('Issued by', html`<code>${issuer.toString()}</code>`)}
        ${entry('Validity', renderValidity(validFromDate, validToDate, now))}
        ${entry('Admitted by Access', describeAccess(access))}
        ${entry('Alternative names', listAltNames(cert))}
        ${entry('Serial number', html`<code>${serialNumber}</code>`)}
        ${entry('SHA-256 fingerprint', renderFingerprint(fingerprint256))}
      </dl>
    </article>`
}

/** The common name, or the whole subject if it has no common name or several. */
export function nameOf({ subject }: ClientCert): string {
  return subject.CN ?? subject.toString()
}

function entry(term: string, description: HtmlValue): Html {
  return html`<div><dt>${term}</dt><dd>${description}</dd></div>`
}

function describeAccess(access: AccessIdentity | null): HtmlValue {
  switch (access?.kind) {
    case 'user':
      return html`<strong>${access.email}</strong>, who signed in`
    case 'service':
      return html`Service token <code>${access.clientId}</code>`
    case 'certificate':
      return html`The certificate of <strong>${access.commonName}</strong>`
    default:
      return 'This origin goes without Access'
  }
}

const KINDS = { dns: 'DNS', email: 'Email', uri: 'URI', ip: 'IP address' } as const

function listAltNames({ subjectAltNames }: ClientCert): HtmlValue {
  if (!subjectAltNames) return 'Unknown: the Worker did not forward the certificate itself'
  const names = Object.entries(KINDS).flatMap(([kind, title]) =>
    subjectAltNames[kind as keyof typeof KINDS].map((name) => html`<li>${title} <code>${name}</code></li>`),
  )
  return names.length === 0 ? 'None' : html`<ul>${names}</ul>`
}

/** Renders groups of eight bytes, as many as an eye compares at once. The copy has the whole fingerprint in one line. */
function renderFingerprint(fingerprint256: string): Html {
  const groups = fingerprint256.match(/.{1,24}/g) ?? []
  // A space instead of a break between groups keeps text that is copied by hand on one line.
  return html`<code class="fingerprint" id="fingerprint">${groups.map((group) => html`<span>${group}</span>`)}</code>
        <button type="button" class="copy" data-copy="fingerprint" hidden>Copy</button>
        <span class="copied" aria-live="polite"></span>`
}
