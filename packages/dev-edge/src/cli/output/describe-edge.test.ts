import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EdgeDescription } from './describe-edge.ts'
import { formatWelcome } from './describe-edge.ts'

const describeWith = (source: EdgeDescription['source'], forwardCert?: EdgeDescription['forwardCert']) =>
  formatWelcome({
    url: 'https://localhost:8443',
    source,
    forwardCert,
    origin: 'http://127.0.0.1:3000',
    folder: '.countersign',
    edgeCa: '.countersign/edge-ca.pem',
    environmentFile: '.countersign/origin.env',
    environment: { ACCESS_AUDIENCE: 'aa' },
    clients: {},
  })

describe('formatWelcome', () => {
  it('shows the configuration of an origin behind the Worker', () => {
    const text = describeWith('worker')
    expect(text).toContain('edge: { keys: process.env.COUNTERSIGN_KEYS, hosts: process.env.COUNTERSIGN_HOSTS },')
    expect(text).toContain("{ ca: readFileSync(process.env.CLIENT_CA, 'utf8'), revocation: {")
    expect(text).not.toContain('source:')
  })

  it.each([
    ['leaf', "'utf8'), revocation: {"],
    ['chain', "'utf8'), chain: { maxDepth: 1 }, revocation: {"],
    ['none', "'utf8'), byName: true, revocation: {"],
  ] as const)('shows the trust that fits a Worker that forwards %s', (forwardCert, issuer) => {
    expect(describeWith('worker', forwardCert)).toContain(issuer)
  })

  it.each([
    ['rfc9440', "'utf8'), revocation: {"],
    ['cf-cert', "'utf8'), byName: true, revocation: {"],
  ] as const)('shows the configuration of an origin that reads %s', (source, issuer) => {
    const text = describeWith(source)
    expect(text).toContain(`    source: '${source}',\n    edge: null, // only Cloudflare may reach this origin\n`)
    expect(text).toContain(issuer)
    expect(text).not.toContain('COUNTERSIGN_KEYS')
  })

  it.each([
    ['app.ts', 'app.ts'],
    ['readme.txt', 'YOUR-SERVER.js'],
  ])('starts the server of this folder, next to %s: %s', (file, named) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder)
    onTestFinished(() => {
      cwd.mockRestore()
      rmSync(folder, { recursive: true })
    })
    writeFileSync(join(folder, file), '')
    expect(describeWith('worker')).toMatch(new RegExp(`: node --env-file=\\S+ ${named}$`, 'm'))
  })
})
