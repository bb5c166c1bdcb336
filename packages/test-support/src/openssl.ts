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

/** A self-signed certificate of `openssl req` with its key, both in PEM, for one end of a TLS connection. */
export function opensslSelfSigned(commonName: string): { readonly cert: string; readonly key: string } {
  const subject = ['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=DNS:${commonName}`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const both = execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-nodes', '-days', '2', ...subject, '-keyout', '-', '-out', '-'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const [key = '', cert = ''] = both.split(/(?=-----BEGIN CERTIFICATE-----)/)
  return { cert, key }
}
