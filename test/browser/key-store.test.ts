import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevEdge, type DevEdge, formatPkcs12 } from '@countersign/dev-edge'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findProgram } from './find-program.ts'

let edge: DevEdge
beforeAll(async () => {
  edge = await createDevEdge({ origin: 'http://127.0.0.1:9' })
})
afterAll(() => edge?.close())

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const PRIVATE_KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/

const fingerprints = (pem: string) =>
  (pem.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each).fingerprint256).sort()
const privateKey = (pem: string) => createPrivateKey(PRIVATE_KEY.exec(pem)?.[0] ?? '').export({ format: 'jwk' })

/** Imports a file into a new key store of NSS, and returns the certificates and the key that it exports again, in PEM. */
function passThroughNss(p12: Uint8Array, password: string): { readonly keys: string; readonly pem: string } {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const store = ['-d', `sql:${folder}`]
  const run = (program: string, ...args: string[]) =>
    execFileSync(findProgram(program, 'libnss3-tools'), args, { encoding: 'utf8', stdio: 'pipe' })
  const [input, output] = [join(folder, 'client.p12'), join(folder, 'exported.p12')]
  writeFileSync(input, p12)
  run('certutil', '-N', ...store, '--empty-password')
  run('pk12util', '-i', input, ...store, '-W', password)
  run('pk12util', '-o', output, ...store, '-n', 'client', '-W', 'exported')
  const read = ['pkcs12', '-in', output, '-passin', 'pass:exported', '-nodes']
  return {
    keys: run('certutil', '-K', ...store),
    pem: execFileSync('openssl', read, { encoding: 'utf8', stdio: 'pipe' }),
  }
}

describe('the key store of Chromium and Firefox', () => {
  it.each([
    ['alice', 'countersign'],
    ['rsa', 'Zoë 😀'],
    ['branch', 'x'.repeat(200)],
  ] as const)('imports the file of %s with its key and its chain', (name, password) => {
    const client = edge.clients[name]
    const { keys, pem } = passThroughNss(formatPkcs12({ ...client, name: 'client' }, password), password)
    expect(keys).toMatch(/^< 0> (?:ec|rsa) .* client\n$/m)
    expect(fingerprints(pem)).toEqual(fingerprints(client.cert))
    expect(privateKey(pem)).toEqual(privateKey(client.key))
  })
})
