// OpenSSL prints the key and computes its digest, by the command that the error for a wrong digest shows.
import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRareProperties } from '../../packages/origin-plugin/src/certificate/forwarded-cert.ts'
import { parseSpki256 } from '../../packages/origin-plugin/src/x509/text/spki-digest.ts'
import { fuzz } from './fuzz.ts'
import { unsignedCertificate } from './unsigned-certificate.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The command that the error shows, for `client.pem` in the folder. */
function documentedCommand(): string {
  try {
    return parseSpki256('')
  } catch (error) {
    return /print it with (openssl .*)$/.exec((error as Error).message)?.[1] ?? expect.fail('no command')
  }
}

const run = (command: string) =>
  new Promise<string>((resolve, reject) => {
    execFile('sh', ['-c', command], { cwd: folder }, (error, output) => (error ? reject(error) : resolve(output)))
  })

/** A key that nobody has the private half of: no test signs with it. */
const rsaKey = fc.uint8Array({ minLength: 128, maxLength: 256 }).map((bytes) => {
  const modulus = Buffer.from(bytes)
  modulus[0] = (modulus[0] ?? 0) | 0x80
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
})
// The keys are random in each run, and the seed chooses their kinds only.
const otherKey = fc
  .constantFrom('P-256', 'P-384', 'secp256k1', 'ed25519' as const, 'x25519' as const)
  .map((kind): KeyObject => {
    if (kind === 'ed25519') return generateKeyPairSync('ed25519').publicKey
    if (kind === 'x25519') return generateKeyPairSync('x25519').publicKey
    return generateKeyPairSync('ec', { namedCurve: kind }).publicKey
  })

describe('the digest of a random public key', () => {
  it('is that of OpenSSL', () =>
    fuzz(
      fc.asyncProperty(fc.noShrink(fc.oneof(rsaKey, otherKey)), async (key) => {
        const cert = unsignedCertificate({ publicKey: key.export({ format: 'der', type: 'spki' }) })
        writeFileSync(join(folder, 'client.pem'), new X509Certificate(cert).toString())
        const { spki256 = '' } = readRareProperties(cert)
        expect(spki256).toBe((await run(documentedCommand())).trim())
        expect(parseSpki256(spki256)).toBe(spki256)
      }),
      0.02,
    ))
})
