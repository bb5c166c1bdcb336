import { check, type Finding } from './finding.ts'
import type { Answer } from './probe.ts'

/** Seconds. The default of `edge.clockTolerance`. */
const TOLERANCE = 5
/** Seconds. Half of a signature's life. */
const FAR_OFF = 30

const SYNCHRONISE =
  'Synchronise the clock of the origin (NTP). By default a signature may be 5 s ahead of it, and is accepted for 65 s'

/**
 * Compares the origin's clock with Cloudflare's, because Cloudflare's clock dates the signatures. Without it, compares
 * with this machine's clock.
 */
export function checkClock(origin: Answer, cloudflare: Answer | undefined): Finding[] {
  const { ok, warning, failed } = check('origin-clock')
  if (origin.clockOffset === undefined) {
    return [warning('the origin sends no Date header', 'Compare the clock of the origin by hand')]
  }
  const reference = cloudflare?.clockOffset === undefined ? "this machine's clock" : "Cloudflare's clock"
  const seconds = (origin.clockOffset - (cloudflare?.clockOffset ?? 0)) / 1000
  const off = Math.abs(seconds)
  const detail = `${off.toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} ${reference}`
  if (off > FAR_OFF) return [failed(detail, SYNCHRONISE)]
  return [off > TOLERANCE ? warning(detail, SYNCHRONISE) : ok(`less than ${TOLERANCE} s from ${reference}`)]
}
