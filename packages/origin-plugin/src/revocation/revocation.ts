import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ClientCert } from '../client-cert.ts'
import { refusalAt } from '../errors.ts'
import type { BackgroundTask } from '../lib/background-task.ts'
import { checkChoice, checkKnown, checkNumber, checkObject, optionNames } from '../lib/check-option.ts'
import { fetchBytes } from '../lib/fetch-bytes.ts'
import { parseCrl, type RevocationList } from './parse-crl.ts'

const refuse = refusalAt('trust')

/**
 * Options for the revocation list of a trusted issuer. Cloudflare checks no list for a CA that you bring.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-5 RFC 5280, section 5}
 */
export interface RevocationOptions {
  /**
   * The source of the CRL, in DER or PEM: a file's path, a `file:` or `http(s):` URL, or a function that returns the
   * bytes.
   */
  readonly crl: string | URL | (() => Promise<Uint8Array>)
  /** Seconds between two loads in the background. From 1 to 604,800 (a week), default 3600. */
  readonly refresh?: number
  /**
   * The reaction without a current list: before the first load, and after `nextUpdate`. `refuse` (the default) answers
   * `CSN_REVOCATION_UNAVAILABLE`, and a first load that fails stops the start of the server. `accept` uses the last
   * list, or none, and logs it.
   */
  readonly onStale?: 'refuse' | 'accept'
}

/** The revocation list of one issuer, kept current in the background. */
export interface Revocation extends BackgroundTask {
  /**
   * Requires that the certificate is not revoked.
   *
   * @param now - seconds since the epoch
   * @throws CountersignError `CSN_CERT_REVOKED`, or `CSN_REVOCATION_UNAVAILABLE`
   */
  requireNotRevoked(cert: ClientCert, now: number): void
}

/**
 * Keeps the revocation list of one issuer.
 *
 * A new list replaces the old one at once, and only if it is verified, current, and not older than the old one. A load
 * that fails is logged and changes nothing.
 *
 * @param ca - the issuer's certificate, whose key signs the list
 * @param warn - gets the reason of every failed load
 */
export function createRevocation(
  ca: X509Certificate,
  { crl, refresh = DEFAULT_REFRESH, onStale = 'refuse' }: RevocationOptions,
  warn: (reason: string) => void,
): Revocation {
  let current: RevocationList | undefined
  let loading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  // One for each load: a signal that outlives its AbortSignal.any() keeps collecting the dependent signals.
  let underway = new AbortController()

  async function load(): Promise<void> {
    underway = new AbortController()
    const list = await parseCrl(await loadCrl(crl, underway.signal), ca)
    if (list.nextUpdate < Date.now()) throw new Error('the list is out of date')
    // An attacker in place of the server could replay a list from before the revocation.
    if (current && list.thisUpdate < current.thisUpdate) throw new Error('the list is older than the previous one')
    current = list
  }

  /** Runs one load at a time. */
  function reload(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }

  const complain = (error: Error) => {
    if (!underway.signal.aborted) warn(`the revocation list of ${firstLine(ca.subject)}: ${error.message}`)
  }

  return {
    async start() {
      timer = setInterval(() => reload().catch(complain), refresh * 1000).unref()
      try {
        await reload()
      } catch (error) {
        complain(error as Error)
        if (onStale === 'refuse')
          throw new Error(`trustedIssuers: the revocation list cannot be loaded: ${(error as Error).message}`)
      }
    },
    stop() {
      clearInterval(timer)
      // Otherwise a server that hangs would keep the process alive for the whole time-out.
      underway.abort()
    },
    requireNotRevoked(cert, now) {
      const isCurrent = current !== undefined && now * 1000 <= current.nextUpdate
      if (!isCurrent && onStale === 'refuse') {
        throw refuse('CSN_REVOCATION_UNAVAILABLE', `the revocation list of ${cert.issuer} is missing or out of date`)
      }
      if (current?.serials.has(serialBytes(cert.serialNumber))) {
        throw refuse(
          'CSN_CERT_REVOKED',
          `the certificate ${cert.serialNumber} is on the revocation list of ${cert.issuer}`,
        )
      }
    },
  }
}

const DEFAULT_REFRESH = 3600
const WEEK = 7 * 24 * 3600

const OPTIONS = optionNames<keyof RevocationOptions>({ crl: true, refresh: true, onStale: true })

/**
 * Checks the option `revocation` of a trusted issuer.
 *
 * @throws TypeError whose message states the correction
 */
export function checkRevocation(revocation: unknown): RevocationOptions {
  const given = checkObject(revocation, 'revocation')
  checkKnown(given, OPTIONS, 'revocation')
  const { crl, refresh = DEFAULT_REFRESH, onStale = 'refuse' } = given
  if (!isCrlSource(crl)) {
    throw new TypeError('revocation.crl must be a path, a file: or http(s): URL, or a function that returns the bytes')
  }
  return {
    crl,
    refresh: checkNumber(refresh, 1, WEEK, 'seconds', 'revocation.refresh'),
    onStale: checkChoice(onStale, ['refuse', 'accept'] as const, 'revocation.onStale'),
  }
}

function isCrlSource(crl: unknown): crl is RevocationOptions['crl'] {
  if (crl instanceof URL) return ['file:', 'http:', 'https:'].includes(crl.protocol)
  return typeof crl === 'function' || (typeof crl === 'string' && crl !== '')
}

/** The contents of the DER INTEGER: a positive number whose first bit is set begins with a zero byte. */
function serialBytes(serialNumber: string): Uint8Array {
  const bytes = Buffer.from(serialNumber === '0' ? '00' : serialNumber, 'hex')
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes])
}

function firstLine(text: string): string {
  return text.replaceAll('\n', ', ')
}

/** Room for seven million entries. A CA of that size needs delta lists or OCSP instead. */
const MAX_CRL_BYTES = 256 * 1024 * 1024
/** Enough for a large list over a slow line. */
const CRL_TIMEOUT_MS = 60_000

/**
 * Loads the bytes of a CRL.
 *
 * Plain http is enough: the list is signed, and an older one is refused by its date.
 *
 * @param signal - aborts the load
 * @throws Error with the cause
 */
async function loadCrl(crl: RevocationOptions['crl'], signal: AbortSignal): Promise<Uint8Array> {
  if (typeof crl === 'function') return crl()
  if (crl instanceof URL && crl.protocol !== 'file:') {
    return fetchBytes(crl, { timeout: CRL_TIMEOUT_MS, maxBytes: MAX_CRL_BYTES, signal })
  }
  return readFile(crl)
}
