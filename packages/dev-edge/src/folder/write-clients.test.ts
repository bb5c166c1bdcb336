import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { toPem } from '../pki/dev-client.ts'
import { issueDevClients } from '../pki/dev-clients.ts'
import { createPki } from '../pki/pki.ts'
import { writeClients } from './write-clients.ts'

const parent = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(parent, { recursive: true }))

describe('writeClients', () => {
  it('writes files for curl and browsers, and replaces them in the next run', async () => {
    const folder = join(parent, 'demo')
    const pki = await createPki('localhost')
    const serverCa = toPem(pki.serverCa.certificate)
    await writeClients(folder, { clients: await issueDevClients(pki), serverCa })
    const edge = { clients: await issueDevClients(pki), serverCa }
    const { edgeCa, clients, password } = await writeClients(folder, edge)
    expect(readFileSync(edgeCa, 'utf8')).toBe(serverCa)
    expect(Object.keys(clients)).toEqual(Object.keys(edge.clients))
    expect(readFileSync(clients.alice.cert, 'utf8')).toBe(edge.clients.alice.cert)
    createSecureContext({ cert: readFileSync(clients.alice.cert), key: readFileSync(clients.alice.key) })
    createSecureContext({ pfx: readFileSync(clients.alice.pkcs12), passphrase: password })
    expect([clients.alice.key, clients.alice.pkcs12].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })
})
