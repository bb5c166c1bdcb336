import type { X509Certificate } from 'node:crypto'
import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import type { Report, WatchedTask } from '../lib/background-task.ts'
import { healthOfData, secondsSince } from '../lib/health.ts'
import { readCertificateNames } from '../x509/certificate-names.ts'
import { createCoverage } from './coverage.ts'
import { releaseTable } from './crl-threads.ts'
import { createCrlLoader } from './load-crl.ts'
import type { CrlContents } from './parse-crl.ts'
import { isOlder } from './read-crl.ts'
import { describeSource, type ResolvedRevocation } from './revocation-options.ts'
import { hasSerial } from './serial-set.ts'

const refuse = refusalAt('trust')

/** A certificate whose revocation is in question: a client's, or a CA's. */
export type ListedCert = Pick<ClientCert, 'subject' | 'issuer' | 'serialNumber' | 'fingerprint256' | 'x509'>

/** The revocation list of one issuer, kept current in the background. */
export interface Revocation extends WatchedTask {
  /**
   * Requires that the certificate is not revoked.
   *
   * @param now - seconds since the epoch
   * @throws CountersignError `CSN_CERT_REVOKED`, or `CSN_REVOCATION_UNAVAILABLE`
   */
  requireNotRevoked(cert: ListedCert, now: number): void
  /**
   * As every task starts.
   *
   * @param patience - milliseconds to wait for the first load
   */
  start(patience?: number): Promise<void>
  /** Takes over the list of a task with another certificate of the same CA, if it has none itself, or an older one. */
  inherit(earlier: Revocation): void
  /** The list in use. */
  readonly list: CrlContents | undefined
}

/** The timing of {@link createRevocation}, in milliseconds. */
export interface RevocationTiming {
  /** The time-out of one load. Enough for a large list over a slow line. */
  readonly timeout: number
  /** The time for which the start of the server waits for the first load. */
  readonly patience: number
  /** The time after which a load is repeated, if there is no current list. */
  readonly retry: number
  /** The shortest time until the next load, while a current list is about to end. */
  readonly soonest: number
  /** The time by which the clocks of the CA and of this machine may differ. */
  readonly clockTolerance: number
}

export const REVOCATION_TIMING: RevocationTiming = {
  timeout: 60_000,
  // Fastify's own limit for a start is 10 s, and its message names no list.
  patience: 8_000,
  retry: 60_000,
  soonest: 5_000,
  clockTolerance: 5 * 60_000,
}

/** The lists that several tasks use. The memory of such a list is never used again. */
const shared = new WeakSet<CrlContents>()

/**
 * Keeps the revocation list of one issuer.
 *
 * A new list replaces the old one at once, and only if it is verified, current, and not older than the old one. A load
 * that fails is reported and changes nothing. So is a list with a date in the future, which would otherwise make each
 * later list look old.
 *
 * A later list gets the memory of a replaced one. No reader of that is left: requests read `current`, and a list that another
 * task took over is left alone.
 *
 * With `onStale: 'accept'` a list that is out of date is used too: the certificates on it stay revoked.
 *
 * @param ca - the issuer's certificate, whose key signs the list
 * @param report - gets the reason of every failed load, and the end of the failure
 */
export function createRevocation(
  ca: X509Certificate,
  { crl, refresh, onStale, maxBytes, distributionPoint, acceptsCaList = false }: ResolvedRevocation,
  report: Report,
  timing: RevocationTiming = REVOCATION_TIMING,
): Revocation {
  const name = `the revocation list of ${readCertificateNames(ca.raw).subject} from ${describeSource(crl)}`
  const loadCrl = createCrlLoader(crl, ca, { maxBytes, timeout: timing.timeout, acceptsCaList })
  const covers = createCoverage(distributionPoint)
  const stopped = new AbortController()
  let current: CrlContents | undefined
  let timer: NodeJS.Timeout | undefined
  let failure: string | undefined

  function use(list: CrlContents): void {
    try {
      replaceIfUsable(list)
    } finally {
      if (current !== list) releaseTable(list.serials)
    }
  }

  /** Replaces the current list, or throws. It does both with a stale list that counts. */
  function replaceIfUsable(list: CrlContents): void {
    const now = Date.now()
    if (list.thisUpdate > now + timing.clockTolerance) {
      throw new Error(
        `the list is from the future: its thisUpdate is ${dateOf(list.thisUpdate)}; compare the clocks of the CA and of this machine`,
      )
    }
    // An attacker in place of the server could replay a list from before the revocation.
    if (current && isOlder(list, current)) throw new Error('the list is older than the previous one')
    const isStale = list.nextUpdate < now
    if (!isStale || onStale === 'accept') replace(list)
    if (isStale) throw new Error(`the list is out of date since ${dateOf(list.nextUpdate)}`)
  }

  function replace(list: CrlContents): void {
    const previous = current
    current = list
    if (previous && !shared.has(previous)) releaseTable(previous.serials)
  }

  /** Loads the list once, and reports the outcome. It never rejects: `failure` has the reason of a failed load. */
  async function load(): Promise<void> {
    // One for each load: a signal that outlives its AbortSignal.any() keeps collecting the dependent signals.
    const underway = new AbortController()
    const abort = () => underway.abort(new Error('the server was closed'))
    stopped.signal.addEventListener('abort', abort)
    try {
      use(await loadCrl(underway.signal, current?.serials))
      if (failure !== undefined) report(`${name}: it is loaded again`, 'recovered')
      failure = undefined
    } catch (error) {
      failure = `${(error as Error).message}${onStale === 'accept' && !current ? `; ${UNCHECKED}` : ''}`
      if (!stopped.signal.aborted) report(`${name}: ${failure}`)
    } finally {
      stopped.signal.removeEventListener('abort', abort)
    }
  }

  /** Loads the list, and again and again from then on, one load at a time. */
  async function keepLoading(): Promise<void> {
    await load()
    if (!stopped.signal.aborted) timer = setTimeout(keepLoading, delay()).unref()
  }

  /** Half of the time until `nextUpdate`, if that is shorter than `refresh`: the next list is there before this one ends. */
  function delay(): number {
    const left = current ? current.nextUpdate - Date.now() : 0
    return Math.min(refresh * 1000, left > 0 ? Math.max(left / 2, timing.soonest) : timing.retry)
  }

  return {
    async start(patience = timing.patience) {
      if (stopped.signal.aborted) return
      const late = await isLate(keepLoading(), patience)
      if (late) {
        const advice = onStale === 'accept' ? UNCHECKED : LATE_ADVICE
        failure = `it is not loaded after ${Math.round(patience / 1000)} s; ${advice}`
        report(`${name}: ${failure}`)
      }
      if (failure !== undefined && onStale === 'refuse') {
        throw new Error(`trustedIssuers: ${name} cannot be loaded: ${failure}`)
      }
    },
    inherit({ list }) {
      if (!list || (current && !isOlder(current, list))) return
      shared.add(list)
      replace(list)
    },
    get list() {
      return current
    },
    health() {
      const dates = current
        ? { age: secondsSince(current.thisUpdate), remaining: -secondsSince(current.nextUpdate) }
        : {}
      const isStale = !current || Date.now() > current.nextUpdate
      const absence = 'the list is out of date, or not loaded yet'
      const isUsable = !isStale || onStale === 'accept'
      return healthOfData(name, { isUsable, failure: failure ?? (isStale ? absence : undefined), absence }, dates)
    },
    stop() {
      clearTimeout(timer)
      // Otherwise a server that hangs would keep the process alive for the whole time-out.
      stopped.abort()
    },
    requireNotRevoked(cert, now) {
      const serial = serialBytes(cert.serialNumber)
      if (serial && current && hasSerial(current.serials, serial)) {
        throw refuse(
          'CSN_CERT_REVOKED',
          `the certificate ${cert.serialNumber} is on the revocation list of ${cert.issuer}`,
        )
      }
      const doubt = reasonForDoubt(cert, serial, now)
      if (doubt !== undefined) {
        throw refuse('CSN_REVOCATION_UNAVAILABLE', `the revocation list of ${cert.issuer} ${doubt}`)
      }
    },
  }

  /** The reason why it is unknown whether the certificate is revoked. */
  function reasonForDoubt(cert: ListedCert, serial: Uint8Array | undefined, now: number): string | undefined {
    if (!serial) return `cannot contain the serial number ${cert.serialNumber}`
    if (!current) return onStale === 'refuse' ? 'is not loaded' : undefined
    const isStale = now * 1000 > current.nextUpdate
    if (isStale && onStale === 'refuse') return `is out of date since ${dateOf(current.nextUpdate)}`
    return covers(current.scope, cert)
  }
}

const UNCHECKED = 'requests pass unchecked until the list is loaded'
const LATE_ADVICE = 'download a large list from a slow server to a file, and write its path'

const dateOf = (time: number) => new Date(time).toISOString()

/** Waits for a promise that never rejects. Returns whether it took longer than the given time. */
async function isLate(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<true>((resolve) => {
    timer = setTimeout(resolve, milliseconds, true)
  })
  const answer = await Promise.race([promise, late])
  clearTimeout(timer)
  return answer === true
}

/**
 * The contents of the DER INTEGER: a positive number whose first bit is set begins with a zero byte.
 *
 * @returns `undefined` for a number that no list can contain, such as a negative one
 */
function serialBytes(serialNumber: string): Uint8Array | undefined {
  if (!/^[0-9A-F]+$/.test(serialNumber)) return undefined
  const bytes = Buffer.from(serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`, 'hex')
  return (bytes[0] as number) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes])
}
