import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { opensslCrl } from '@countersign/test-support/openssl'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCountersign, runHere } from '../../../test/support/command.ts'
import { clientCaFile } from '../../folder/open-folder.ts'
import { crlFile } from '../../folder/revocation-file.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const cwd = mkdtempSync(join(tmpdir(), 'countersign-'))
const folder = join(cwd, '.countersign')
const run = (...args: string[]) => runHere(...args, '--folder', folder)

async function runJson(...args: string[]) {
  const { code, stdout, stderr } = await run(...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

beforeAll(async () => {
  await run('cert', 'first')
})
afterAll(() => rmSync(cwd, { recursive: true }))

describe('countersign cert', () => {
  it('issues the certificate in files that only the user reads', async () => {
    const san = ['--san', 'dns:pay.acme.example', '--san', 'uri:spiffe://acme/pay', '--san', 'ip:192.0.2.7']
    const subject = 'CN=pay-1,OU=Payments,O=Acme'
    const issued = await runJson(
      'cert',
      'pay-1',
      '--subject',
      subject,
      ...san,
      '--days',
      '3',
      '--password',
      'pass word',
    )
    expect(issued).toMatchObject({ name: 'pay-1', subject, issuer: 'CN=Acme Client CA,O=Acme' })
    const certificate = new X509Certificate(readFileSync(issued.cert))
    expect(certificate.subjectAltName).toBe('DNS:pay.acme.example, URI:spiffe://acme/pay, IP Address:192.0.2.7')
    const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(3)
    expect(certificate.verify(new X509Certificate(readFileSync(clientCaFile(folder))).publicKey)).toBe(true)
    expect([issued.key, issued.pkcs12].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    createSecureContext({ cert: readFileSync(issued.cert), key: readFileSync(issued.key) })
    createSecureContext({ pfx: readFileSync(issued.pkcs12), passphrase: 'pass word' })
  })

  it('issues a certificate with the given purposes, and as a client by default', async () => {
    const purposesOf = ({ cert }: { cert: string }) => new X509Certificate(readFileSync(cert)).keyUsage
    const smartCard = '1.3.6.1.4.1.311.20.2.2'
    const issued = await runJson('cert', 'card', '--eku', 'clientAuth', '--eku', smartCard)
    expect(purposesOf(issued)).toEqual(['1.3.6.1.5.5.7.3.2', smartCard])
    expect(purposesOf(await runJson('cert', 'plain'))).toEqual(['1.3.6.1.5.5.7.3.2'])
  })

  it('prints a curl command with paths from the working directory', async () => {
    const { stdout } = await runCountersign(cwd, 'cert', 'printed')
    expect(stdout).toContain(
      'curl --cacert .countersign/edge-ca.pem --cert .countersign/clients/printed.pem --key .countersign/clients/printed-key.pem https://localhost:8443/',
    )
  })

  it('prints the host of the edge that ran last', async () => {
    const file = join(folder, 'origin.env')
    writeFileSync(file, 'COUNTERSIGN_KEYS=[]\nCOUNTERSIGN_HOSTS=localhost:9443\nACCESS_AUDIENCE=a\n')
    const { stdout } = await runCountersign(cwd, 'cert', 'elsewhere')
    rmSync(file)
    expect(stdout).toMatch(/ https:\/\/localhost:9443\/$/m)
  })

  it('overwrites nothing without --force', async () => {
    const before = readFileSync(join(folder, 'clients', 'first.pem'), 'utf8')
    const { code, stderr } = await run('cert', 'first')
    expect(code).toBe(1)
    expect(stderr).toMatch(/first-key\.pem exists already; choose another name, or replace it with --force/)
    expect(readFileSync(join(folder, 'clients', 'first.pem'), 'utf8')).toBe(before)
    expect((await run('cert', 'first', '--force')).code).toBe(0)
    expect(readFileSync(join(folder, 'clients', 'first.pem'), 'utf8')).not.toBe(before)
  })

  it('does not replace the clients of every edge', async () => {
    const { code, stderr } = await run('cert', 'Alice', '--force')
    expect(code).toBe(1)
    expect(stderr).toMatch(/reserved for a client of every edge/)
  })
})

describe('countersign revoke', () => {
  it("puts a certificate on the client CA's list", async () => {
    const { serialNumber } = await runJson('cert', 'lost')
    const { serialNumber: other } = await runJson('cert', 'lost-too')
    await run('revoke', 'lost')
    await run('revoke', 'lost')
    const { code, stdout } = await run('revoke', 'lost-too')
    expect(code).toBe(0)
    expect(stdout).toMatch(/revocation: \{ crl: '.*client-ca\.crl', refresh: 5 \}/)
    const text = opensslCrl(crlFile(folder), clientCaFile(folder))
    expect(text).toContain('verify OK')
    expect(text.match(/Serial Number: (\S+)/g)).toEqual([`Serial Number: ${serialNumber}`, `Serial Number: ${other}`])
  })

  it('refuses a missing certificate, and one that the client CA did not issue', async () => {
    const absent = await run('revoke', 'nobody')
    expect(absent.code).toBe(1)
    expect(absent.stderr).toMatch(/certificate nobody is missing in .*countersign/)
    const branch = await run('revoke', 'branch')
    expect(branch.code).toBe(1)
    expect(branch.stderr).toMatch(/branch cannot be revoked, because the client CA did not issue it/)
  })
})
