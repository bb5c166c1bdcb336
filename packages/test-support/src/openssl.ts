import { execFileSync, spawnSync } from 'node:child_process'

/** Runs `openssl x509` on a certificate. Returns its output without the last line feed. */
export function opensslX509(pem: string, ...options: readonly string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...options], { input: pem, encoding: 'utf8' }).replace(/\n$/, '')
}

/** The subject as Cloudflare formats it, which is OpenSSL's format. */
export function opensslSubject(pem: string): string {
  return opensslX509(pem, '-subject', '-nameopt', 'RFC2253').slice('subject='.length)
}

/** Runs `openssl crl` on a revocation list in DER, which also checks its signature by a CA. */
export function opensslCrl(path: string, caFile: string): string {
  const { stdout, stderr } = spawnSync(
    'openssl',
    ['crl', '-in', path, '-inform', 'DER', '-CAfile', caFile, '-noout', '-text'],
    { encoding: 'utf8' },
  )
  return stderr + stdout
}
