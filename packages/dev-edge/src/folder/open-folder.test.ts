import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueClient, toPem } from '../pki/dev-client.ts'
import { clientFiles, writeClient } from './client-files.ts'
import { type KeptEdge, openFolder } from './open-folder.ts'
import { readRevoked } from './revocation-file.ts'

const parent = mkdtempSync(join(tmpdir(), 'countersign-'))
const folder = join(parent, 'deep', '.countersign')
let first: KeptEdge

beforeAll(async () => {
  first = await openFolder(folder)
})
afterAll(() => rmSync(parent, { recursive: true }))

const mode = (path: string) => statSync(path).mode & 0o777

describe('openFolder', () => {
  it('makes a folder that only the user reads and git ignores', () => {
    expect(mode(folder)).toBe(0o700)
    expect(mode(join(folder, 'clients'))).toBe(0o700)
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
    expect(readdirSync(join(parent, 'deep'))).toEqual(['.countersign'])
  })

  it('writes every private key with mode 0600', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const secret = files.filter((name) => /-key\.(?:pem|json)$|\.p12$/.test(name))
    expect(secret).toHaveLength(5 + 1 + 1 + 10 * 2)
    expect(secret.filter((name) => mode(join(folder, name)) !== 0o600)).toEqual([])
    const holdsKey = (name: string) =>
      statSync(join(folder, name)).isFile() && /PRIVATE KEY|"[kd]":/.test(readFileSync(join(folder, name), 'latin1'))
    expect(files.filter((name) => holdsKey(name) && !secret.includes(name))).toEqual([])
  })

  it('returns the same content when it is opened again', async () => {
    const again = await openFolder(folder)
    const pems = ({ authorities }: KeptEdge) => Object.values(authorities).map(({ certificate }) => toPem(certificate))
    expect(pems(again)).toEqual(pems(first))
    expect(again.key).toEqual(first.key)
    expect(again.team.audience).toBe(first.team.audience)
    expect(toPem(again.team.identity.certificate)).toBe(toPem(first.team.identity.certificate))
    expect(again.clients).toEqual(first.clients)
    expect(await readRevoked(folder)).toEqual([])
  })

  it('reissues a client whose certificate is missing or about to change its verdict', async () => {
    const { alice, bob, notYetValid, expired } = first.clients
    rmSync(clientFiles(folder, 'bob').cert)
    // Replaces Alice's certificate by one that expires next week.
    const aging = await issueClient(first.authorities, {
      name: 'alice',
      notAfter: new Date(Date.now() + 6 * 86_400_000),
    })
    await writeClient(folder, aging, 'x')
    const { clients } = await openFolder(folder)
    expect(clients.alice.cert).not.toBe(aging.cert)
    expect(new X509Certificate(clients.alice.cert).subject).toBe(new X509Certificate(alice.cert).subject)
    expect(clients.bob.cert).not.toBe(bob.cert)
    expect(clients.expired).toEqual(expired)
    expect(clients.notYetValid).toEqual(notYetValid)
  })

  it('is made once by two processes at the same time', async () => {
    const path = join(parent, 'twice')
    const [one, other] = await Promise.all([openFolder(path), openFolder(path)])
    expect(one.key).toEqual(other.key)
    expect(one.clients).toEqual(other.clients)
    expect(readdirSync(parent).filter((name) => name.startsWith('twice'))).toEqual(['twice'])
  })

  it('does not change a folder with other files', async () => {
    const path = join(parent, 'other')
    mkdirSync(path)
    writeFileSync(join(path, 'mine'), '')
    await expect(openFolder(path)).rejects.toThrow(/contains other files; remove it, or choose another/)
    expect(readdirSync(path)).toEqual(['mine'])
  })

  it('names the remedy for a folder that it cannot read', async () => {
    const path = join(parent, 'broken')
    await openFolder(path)
    writeFileSync(join(path, 'client-ca-key.pem'), 'nonsense')
    await expect(openFolder(path)).rejects.toThrow(/cannot use the folder .*broken; remove it to start with new keys/)
    expect(existsSync(path)).toBe(true)
  })
})
