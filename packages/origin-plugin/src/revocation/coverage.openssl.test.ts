import { spawnSync } from 'node:child_process'
import { sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { afterAll, describe, expect, it } from 'vitest'
import { crlPem, extension, writeCrl } from '../../test/support/write-crl.ts'
import { createCoverage } from './coverage.ts'
import { readCrl } from './read-crl.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-coverage-'))
afterAll(() => rmSync(folder, { recursive: true }))

const root = writeCaCert('root')
const certificates: Readonly<Record<string, WrittenCertificate>> = {
  client: writeClientCert(root),
  'client without basic constraints': writeClientCert(root, { basicConstraints: null }),
  'intermediate CA': writeCaCert('sub', root),
  'client with cA and no use to sign': writeCaCert('odd', root, { keyUsage: ['digitalSignature'] }),
}

/** A list of the root with these fields of IssuingDistributionPoint. It lists nothing. */
function listWith(...fields: readonly Buffer[]): string {
  const signer = { cert: root.cert, sign: (bytes: Uint8Array) => sign('sha256', bytes, root.key.privateKey) }
  const extensions = fields.length > 0 ? [extension('551d1c', der(0x30, ...fields), { critical: true })] : []
  const thisUpdate = der(0x17, '260101000000Z')
  return crlPem(writeCrl(signer as Parameters<typeof writeCrl>[0], { thisUpdate, extensions }))
}

const [USERS, CAS] = [der(0x81, '\xff'), der(0x82, '\xff')]
const lists = { all: listWith(), users: listWith(USERS), cas: listWith(CAS), neither: listWith(USERS, CAS) }

/** Whether OpenSSL decides on the revocation of a certificate by the list. */
function opensslDecides(crl: string, { pem }: WrittenCertificate): boolean {
  for (const [name, text] of Object.entries({ crl, pem, root: root.pem })) writeFileSync(join(folder, name), text)
  const args = ['verify', '-crl_check', '-CAfile', 'root', '-CRLfile', 'crl', 'pem']
  return spawnSync('openssl', args, { cwd: folder }).status === 0
}

function covers(crl: string, { cert }: WrittenCertificate): boolean {
  try {
    const { scope } = readCrl(Buffer.from(crl), root.cert.publicKey, true)
    return createCoverage(undefined)(scope, { x509: cert }) === undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return false
  }
}

describe('createCoverage, with OpenSSL as the oracle', () => {
  it.each(Object.entries(certificates))(
    'covers a %s by the lists by which OpenSSL decides on it',
    (_what, certificate) => {
      const ours = Object.entries(lists).map(([kind, crl]) => [kind, covers(crl, certificate)])
      expect(ours).toEqual(Object.entries(lists).map(([kind, crl]) => [kind, opensslDecides(crl, certificate)]))
      expect(Object.fromEntries(ours)).toMatchObject({ all: true, neither: false })
    },
  )

  it('covers clients by one list, and CAs by the other', () => {
    const kinds = (name: string) =>
      (['users', 'cas'] as const).filter((kind) => covers(lists[kind], certificates[name] ?? root))
    expect([kinds('client'), kinds('intermediate CA')]).toEqual([['users'], ['cas']])
  })
})
