import { execFileSync } from 'node:child_process'

/** What the `openssl` binary prints of a certificate, without its trailing line feed. */
export function opensslX509(pem: string, ...options: string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...options], { input: pem, encoding: 'utf8' }).trimEnd()
}
