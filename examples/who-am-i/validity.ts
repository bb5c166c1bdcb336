import { type Html, html } from './html.ts'

const DAY = 24 * 60 * 60 * 1000

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** Renders the used part of a certificate's validity, as a bar and in words. */
export function renderValidity(from: Date, to: Date, now: Date): Html {
  const used = usedPercent(from, to, now)
  // The bar is drawn by attributes: an inline style would need 'unsafe-inline' in the Content-Security-Policy.
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

/** The remaining time, in whole days. */
export function daysLeft(to: Date, now: Date): string {
  const days = Math.floor((to.getTime() - now.getTime()) / DAY)
  if (days < 1) return 'Less than a day left'
  return days === 1 ? '1 day left' : `${days} days left`
}

function renderDate(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${DATE.format(date)}</time>`
}
