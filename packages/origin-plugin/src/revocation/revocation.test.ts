import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startServer } from '@countersign/test-support/local-server'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import type { ClientCert } from '../client-cert.ts'
import { createRevocation, type Revocation, type RevocationOptions } from './revocation.ts'

const ca = createOpensslCa('/O=Acme/CN=Acme Client CA')
const namesake = createOpensslCa('/O=Acme/CN=Acme Client CA')
const folder = mkdtempSync(join(tmpdir(), 'countersign-crl-'))
const path = join(folder, 'ca.crl')
const warnings: string[] = []
let revocation: Revocation
let now = 0

const at = (days: number) =>
  new Date(now + days * 86_400_000)
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .replace('T', '')
const list = (...serials: string[]) => ca.crl({ serials, lastUpdate: at(0), nextUpdate: at(7) })
const create = (options: Partial<RevocationOptions> = {}) =>
  createRevocation(new X509Certificate(ca.certificate), { crl: path, refresh: 60, ...options }, (reason) =>
    warnings.push(reason),
  )
const check = (serialNumber: string) =>
  revocation.requireNotRevoked(
    { serialNumber, issuer: 'CN=Acme Client CA' } as unknown as ClientCert,
    Date.now() / 1000,
  )

/** Waits until the background task has loaded the current list. */
async function reload(): Promise<void> {
  vi.advanceTimersByTime(60_000)
  await new Promise((resolve) => setTimeout(resolve, 100))
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  now = Math.floor(Date.now() / 1000) * 1000
  warnings.length = 0
  writeFileSync(path, list('0A1B'))
  revocation = create()
})
afterEach(() => {
  revocation.stop()
  vi.useRealTimers()
})
afterAll(() => {
  for (const each of [ca, namesake]) each.remove()
  rmSync(folder, { recursive: true })
})

describe('createRevocation', () => {
  it('refuses a certificate on the list, and no other', async () => {
    await revocation.start()
    expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED', statusCode: 403 }))
    expect(() => check('0A1C')).not.toThrow()
  })

  it('finds a serial number whose first bit is set', async () => {
    writeFileSync(path, list('936EACBE07F201DF'))
    await revocation.start()
    expect(() => check('936EACBE07F201DF')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
  })

  it('finds a serial number whose first byte is 80: only its first bit is set', async () => {
    writeFileSync(path, list('80AA'))
    await revocation.start()
    expect(() => check('80AA')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
  })

  it('gives the reason of each refusal', async () => {
    expect(() => check('0A1B')).toThrow(
      expect.objectContaining({
        code: 'CSN_REVOCATION_UNAVAILABLE',
        reason: 'the revocation list of CN=Acme Client CA is missing or out of date',
      }),
    )
    await revocation.start()
    expect(() => check('0A1B')).toThrow(
      expect.objectContaining({
        code: 'CSN_CERT_REVOKED',
        reason: 'the certificate 0A1B is on the revocation list of CN=Acme Client CA',
      }),
    )
  })

  it('uses a list until nextUpdate, that millisecond included', async () => {
    vi.setSystemTime(now)
    writeFileSync(path, ca.crl({ serials: ['0A1B'], lastUpdate: at(-1), nextUpdate: at(0) }))
    await revocation.start()
    expect(() => check('0C')).not.toThrow()
    expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
    vi.setSystemTime(now + 1)
    expect(() => check('0C')).toThrow(expect.objectContaining({ code: 'CSN_REVOCATION_UNAVAILABLE' }))
    await expect(revocation.start()).rejects.toThrow(
      new Error('trustedIssuers: the revocation list cannot be loaded: the list is out of date'),
    )
  })

  it('names the issuer in one line when it logs a failed load', async () => {
    writeFileSync(path, 'rubbish')
    await expect(revocation.start()).rejects.toThrow(
      new Error('trustedIssuers: the revocation list cannot be loaded: the list is neither DER nor PEM'),
    )
    expect(warnings).toEqual(['the revocation list of O=Acme, CN=Acme Client CA: the list is neither DER nor PEM'])
  })

  it('replaces the list in the background', async () => {
    await revocation.start()
    writeFileSync(path, list('0A1B', '0C'))
    await reload()
    expect(() => check('0C')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
    expect(warnings).toEqual([])
  })

  it.each<[string, () => Buffer, string]>([
    ['rubbish', () => Buffer.from('rubbish'), 'neither DER nor PEM'],
    ['nothing', () => Buffer.alloc(0), 'neither DER nor PEM'],
    [
      'a list of a CA with the same name',
      () => namesake.crl({ lastUpdate: at(1), nextUpdate: at(9) }),
      'does not verify with the key of the CA',
    ],
    ['a list from before', () => ca.crl({ lastUpdate: at(-3), nextUpdate: at(9) }), 'older than the previous one'],
    ['a list that is out of date', () => ca.crl({ lastUpdate: at(-3), nextUpdate: at(-2) }), 'out of date'],
  ])('never accepts %s', async (_what, bytes, warning) => {
    await revocation.start()
    writeFileSync(path, bytes())
    await reload()
    expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
    expect(() => check('0C')).not.toThrow()
    expect(warnings.join()).toContain(warning)
  })

  it('refuses everything after nextUpdate', async () => {
    await revocation.start()
    vi.setSystemTime(now + 8 * 86_400_000)
    expect(() => check('0C')).toThrow(expect.objectContaining({ code: 'CSN_REVOCATION_UNAVAILABLE', statusCode: 503 }))
  })

  it('uses the last list after nextUpdate, if onStale is accept', async () => {
    revocation = create({ onStale: 'accept' })
    await revocation.start()
    vi.setSystemTime(now + 8 * 86_400_000)
    expect(() => check('0C')).not.toThrow()
    expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
  })

  it('stops the start without a list, or starts and logs it', async () => {
    rmSync(path)
    await expect(revocation.start()).rejects.toThrow('trustedIssuers: the revocation list')
    expect(() => check('0C')).toThrow(expect.objectContaining({ code: 'CSN_REVOCATION_UNAVAILABLE' }))
    revocation = create({ onStale: 'accept' })
    await revocation.start()
    expect(() => check('0C')).not.toThrow()
    expect(warnings).toHaveLength(2)
    writeFileSync(path, list('0C'))
    await reload()
    expect(() => check('0C')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
  })

  it('loads from a file: URL, a server and a function', async () => {
    const server = await startServer((_request, response) => response.end(list('0A1B')))
    const http = new URL('/ca.crl', server.url)
    for (const crl of [pathToFileURL(path), http, async () => list('0A1B')]) {
      revocation = create({ crl })
      await revocation.start()
      expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
      revocation.stop()
    }
    await server.close()
  })

  it('gives up on a server that hangs with stop, and does not complain: the process could not end before', async () => {
    let gone = false
    const server = await startServer(({ socket }, response) => {
      if (server.requests() === 1) response.end(list('0A1B'))
      else socket.on('close', () => (gone = true))
    })
    revocation = create({ crl: new URL('/ca.crl', server.url) })
    await revocation.start()
    await reload()
    await expect.poll(() => server.requests()).toBe(2)
    revocation.stop()
    await expect.poll(() => gone).toBe(true)
    expect(warnings).toEqual([])
    expect(() => check('0A1B')).toThrow(expect.objectContaining({ code: 'CSN_CERT_REVOKED' }))
    await server.close()
  })
})
