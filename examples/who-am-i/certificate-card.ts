import type { AccessIdentity, ClientCert } from '@countersign/origin-plugin'
import { type Html, type HtmlValue, html } from './html.ts'

const DAY = 24 * 60 * 60 * 1000

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** Renders a client's proven certificate and Access identity. */
export function renderCertificateCard(cert: ClientCert, access: AccessIdentity | null, now: Date): Html {
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
      return 'This origin does not require Access'
  }
}

const KINDS = { dns: 'DNS', email: 'Email', uri: 'URI', ip: 'IP address', upn: 'User principal name' } as const

function listAltNames({ subjectAltNames }: ClientCert): HtmlValue {
  if (!subjectAltNames) return 'Unknown: the Worker did not forward the certificate itself'
  const names = Object.entries(KINDS).flatMap(([kind, title]) =>
    subjectAltNames[kind as keyof typeof KINDS].map((name) => html`<li>${title} <code>${name}</code></li>`),
  )
  return names.length === 0 ? 'None' : html`<ul>${names}</ul>`
}

/** Shows groups of eight bytes, which are easy to compare by eye. The button copies the whole fingerprint. */
function renderFingerprint(fingerprint256: string): Html {
  const groups = fingerprint256.match(/.{1,24}/g) ?? []
  // The template adds no line break between groups, so a selection by hand copies one line.
  return html`<code class="fingerprint" id="fingerprint">${groups.map((group) => html`<span>${group}</span>`)}</code>
        <button type="button" class="copy" data-copy="fingerprint" hidden>Copy</button>
        <span class="copied" aria-live="polite"></span>`
}

/** Renders the used part of a certificate's validity, as a bar and in words. */
export function renderValidity(from: Date, to: Date, now: Date): Html {
  const used = usedPercent(from, to, now)
  // Attributes draw the bar: an inline style would need 'unsafe-inline' in the Content-Security-Policy.
  return html`<div class="validity">
      <svg class="bar" aria-hidden="true"><rect class="bar-used" width="${used}%" height="100%" /></svg>
      <p><strong>${daysLeft(to, now)}</strong>, ${used} % used</p>
      <p class="dates">${renderDate(from)} to ${renderDate(to)}</p>
    </div>`
}

/** The used part of the validity in whole percent, 0 to 100. */
export function usedPercent(from: Date, to: Date, now: Date): number {
  const share = (now.getTime() - from.getTime()) / (to.getTime() - from.getTime())
  return Math.floor(100 * Math.min(Math.max(share, 0), 1))
}

/** The remaining time in whole days, in words. */
export function daysLeft(to: Date, now: Date): string {
  const days = Math.floor((to.getTime() - now.getTime()) / DAY)
  if (days < 1) return 'Less than a day left'
  return days === 1 ? '1 day left' : `${days} days left`
}

function renderDate(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${DATE.format(date)}</time>`
}
