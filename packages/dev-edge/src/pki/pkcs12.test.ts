import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { ContentInfo } from '@peculiar/asn1-cms'
import { AuthenticatedSafe, PFX, SafeContents } from '@peculiar/asn1-pfx'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevClient, type IssueClientOptions, issueClient, splitPem } from './dev-client.ts'
import { formatPkcs12 } from './pkcs12.ts'
import { createPki, type Pki } from './pki.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
let pki: Pki

beforeAll(async () => {
  pki = await createPki('localhost')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Reads a file with the `openssl` binary. Without `-legacy`, versions 3.0 and later refuse RC2 and older ciphers. */
function openssl(p12: Uint8Array, password: string, ...options: string[]): string {
  const path = join(folder, 'client.p12')
  writeFileSync(path, p12)
  const read = ['pkcs12', '-in', path, '-passin', `pass:${password}`, '-nodes', ...options]
  return execFileSync('openssl', read, { encoding: 'utf8', stdio: 'pipe' })
}

const contentOf = (info: ContentInfo | undefined) =>
  AsnConvert.parse(info?.content ?? new ArrayBuffer(), OctetString).buffer

const privateKey = (pem: string) => createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' })

describe('formatPkcs12', () => {
  it.each<IssueClientOptions>([
    { name: 'alice' },
    { name: 'rsa', keyType: 'RSA-2048' },
    { name: 'branch', issuer: 'intermediate' },
  ])('makes a file that openssl reads: %o', async (options) => {
    const client = await issueClient(pki, options)
    const text = openssl(formatPkcs12(client, 'secret'), 'secret')
    expect(splitPem(text).map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
      splitPem(client.cert).map((pem) => new X509Certificate(pem).fingerprint256),
    )
    expect(privateKey(text.slice(text.indexOf('-----BEGIN PRIVATE')))).toBe(privateKey(client.key))
    expect(text).toContain(`friendlyName: ${client.name}`)
    // Both bags have the key id that links them.
    expect(text.match(/localKeyID: .+/g)).toHaveLength(2)
  })

  it.each([
    ['x', ['1.2.840.113549.1.9.20', '1.2.840.113549.1.9.21']],
    ['a-long-name', ['1.2.840.113549.1.9.21', '1.2.840.113549.1.9.20']],
  ])('writes friendlyName and localKeyId in the order of DER for the name %s', async (name, order) => {
    const { authSafe } = AsnConvert.parse(formatPkcs12(await issueClient(pki, { name }), 'secret'), PFX)
    const [, keys] = AsnConvert.parse(contentOf(authSafe), AuthenticatedSafe)
    const [bag] = AsnConvert.parse(contentOf(keys), SafeContents)
    expect(bag?.bagAttributes?.map(({ attrId }) => attrId)).toEqual(order)
  })

  it('makes a file that node:tls reads', async () => {
    const client = await issueClient(pki)
    const pfx = Buffer.from(formatPkcs12(client, 'secret'))
    expect(() => createSecureContext({ pfx, passphrase: 'secret' })).not.toThrow()
  })

  it.each(['', 'Zoë 😀', 'x'.repeat(200)])('takes the password %j', async (password) => {
    const client: DevClient = await issueClient(pki, { name: 'Zoë' })
    const pfx = Buffer.from(formatPkcs12(client, password))
    expect(() => createSecureContext({ pfx, passphrase: password })).not.toThrow()
  })

  it('cannot be read with another password', async () => {
    const p12 = formatPkcs12(await issueClient(pki), 'secret')
    expect(() => openssl(p12, 'Secret')).toThrow(/invalid password/i)
  })

  it('uses algorithms of every reader, the keychain of macOS included', async () => {
    const p12 = formatPkcs12(await issueClient(pki), 'secret')
    const path = join(folder, 'client.p12')
    writeFileSync(path, p12)
    const print = ['pkcs12', '-in', path, '-passin', 'pass:secret', '-info', '-noout']
    const { stderr } = spawnSync('openssl', print, { encoding: 'utf8' })
    expect(stderr).toContain('MAC: sha1, Iteration 2048')
    expect(stderr.match(/pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048/g)).toHaveLength(2)
  })
})
