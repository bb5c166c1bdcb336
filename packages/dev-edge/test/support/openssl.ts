import { execFileSync, spawnSync } from 'node:child_process'

/** What the `openssl` binary prints of a certificate, without its trailing line feed. */
export function opensslX509(pem: string, ...options: string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...options], { input: pem, encoding: 'utf8' }).trimEnd()
}

/** What the `openssl` binary says of a revocation list in DER, and of its signature by a CA. */
export function opensslCrl(path: string, caFile: string): string {
  const { stdout, stderr } = spawnSync(
    'openssl',
    ['crl', '-in', path, '-inform', 'DER', '-CAfile', caFile, '-noout', '-text'],
    { encoding: 'utf8' },
  )
  return stderr + stdout
}
