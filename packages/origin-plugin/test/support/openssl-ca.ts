// Kept apart from `certificates.ts` of test-support: OpenSSL, not our code, must write the lists that our reader parses.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Deviations from a plain list. */
export interface CrlChanges {
  /** Serial numbers in hexadecimal. */
  readonly serials?: readonly string[]
  /** A section of OpenSSL's configuration for the list's extensions. */
  readonly extensions?: string
  /** In OpenSSL's format: `20260101000000Z`. */
  readonly lastUpdate?: string
  readonly nextUpdate?: string
  readonly digest?: string
  /** The number of the list, in hexadecimal. */
  readonly number?: string
  /** Values of `-sigopt`. */
  readonly sigopts?: readonly string[]
  /** Writes version 1, which has no extensions. */
  readonly version1?: boolean
  readonly outform?: 'DER' | 'PEM'
}

/** A CA whose keys, certificate and lists the `openssl` command writes. */
export interface OpensslCa {
  /** PEM. */
  readonly certificate: string
  crl(changes?: CrlChanges): Buffer
  remove(): void
}

/** Creates a CA with a new key. `algorithm` is the one of `openssl genpkey`. */
export function createOpensslCa(
  subject: string,
  algorithm: readonly string[] = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
): OpensslCa {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'))
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  openssl('genpkey', '-algorithm', ...algorithm, '-out', 'ca.key')
  openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', subject, '-days', '30', '-out', 'ca.pem')

  return {
    certificate: readFileSync(file('ca.pem'), 'utf8'),
    crl({ serials = [], extensions, lastUpdate, nextUpdate, ...changes } = {}) {
      const { digest = 'sha256', number = '01', sigopts = [], version1 = false, outform = 'DER' } = changes
      const entries = serials.map(
        (serial) => `R\t300101000000Z\t260101000000Z,keyCompromise\t${serial}\tunknown\t/CN=x\n`,
      )
      writeFileSync(file('index.txt'), entries.join(''))
      writeFileSync(file('crlnumber'), `${number}\n`)
      writeFileSync(file('ca.cnf'), configuration(digest, version1 ? null : (extensions ?? '')))
      const dates = [
        ...(lastUpdate ? ['-crl_lastupdate', lastUpdate] : []),
        ...(nextUpdate ? ['-crl_nextupdate', nextUpdate] : []),
      ]
      const options = sigopts.flatMap((option) => ['-sigopt', option])
      openssl('ca', '-gencrl', '-config', 'ca.cnf', '-out', 'crl.pem', ...dates, ...options)
      if (outform === 'PEM') return readFileSync(file('crl.pem'))
      openssl('crl', '-in', 'crl.pem', '-outform', 'DER', '-out', 'crl.der')
      return readFileSync(file('crl.der'))
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function configuration(digest: string, extensions: string | null): string {
  return `
[ca]
default_ca = ours
[ours]
database = index.txt
${extensions === null ? '' : 'crlnumber = crlnumber'}
certificate = ca.pem
private_key = ca.key
default_md = ${digest}
default_crl_days = 30
${extensions === null ? '' : 'crl_extensions = extensions'}
[extensions]
authorityKeyIdentifier = keyid
${extensions ?? ''}
`
}
