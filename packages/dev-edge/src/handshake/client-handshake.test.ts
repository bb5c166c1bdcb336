import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { useEdge } from '../../test/support/use-edge.ts'
import type { DevClientName } from '../pki/dev-clients.ts'

const test = useEdge({ forwardCert: 'chain' })

describe('a client certificate', () => {
  it.each<[DevClientName, string]>([
    ['alice', 'SUCCESS'],
    ['bob', 'SUCCESS'],
    ['rsa', 'SUCCESS'],
    ['branch', 'SUCCESS'],
    ['revoked', 'SUCCESS'],
    ['expired', 'FAILED:certificate has expired'],
    ['notYetValid', 'FAILED:certificate is not yet valid'],
    ['selfSigned', 'FAILED:self signed certificate'],
    ['otherCa', 'FAILED:unable to verify the first certificate'],
    ['otherBranch', 'FAILED:unable to get local issuer certificate'],
  ])('of %s arrives at the origin as %s', async (name, verdict) => {
    const { headers } = await test.record('/', { client: test.edge.clients[name] })
    expect(headers['x-cert-presented']).toBe('1')
    expect(headers['x-cert-verify']).toBe(verdict)
    expect(headers['x-cert-revoked']).toBe(name === 'revoked' ? '1' : '0')
    expect(headers['client-cert']).toMatch(/^:[A-Za-z0-9+/]+=*:$/)
  })

  it('that is absent arrives as NONE', async () => {
    const { headers } = await test.record('/')
    expect(Object.entries(headers).filter(([name]) => /cert/.test(name) && name !== 'signature-input')).toEqual([
      ['x-cert-presented', '0'],
      ['x-cert-revoked', '0'],
      ['x-cert-verify', 'NONE'],
    ])
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is read from a handshake of %s, intermediates included',
    async (version) => {
      const { headers } = await test.record('/', { client: test.edge.clients.branch, maxVersion: version })
      const [, base64] = test.edge.clients.branch.ca?.match(/-----\n([^-]+)-----END/) ?? []
      expect(headers['client-cert-chain']).toBe(`:${base64?.replaceAll('\n', '')}:`)
      expect(headers['x-cert-issuer-dn-2253']).toBe('CN=Acme Branch CA,O=Acme')
      expect(headers['x-cert-issuer-serial']).toMatch(/^[0-9A-F]{32}$/)
    },
  )

  it('is read from every handshake, because sessions are not resumed', async () => {
    const sessions: Buffer[] = []
    const open = (session?: Buffer) =>
      new Promise<boolean>((resolve, reject) => {
        const socket = connect({ ...test.edge.tlsOptions(test.edge.clients.branch), session })
        socket.on('session', (ticket) => sessions.push(ticket)).on('error', reject)
        socket.on('end', () => resolve(socket.isSessionReused()))
        socket.end(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
        socket.resume()
      })
    await open()
    expect(await open(sessions.at(-1))).toBe(false)
  })

  it('is reported the same on every request of a connection', async () => {
    const socket = connect(test.edge.tlsOptions(test.edge.clients.branch))
    const ask = () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const chains = () => text.match(/"client-cert-chain":":[^"]+"/g) ?? []
    ask()
    await expect.poll(chains).toHaveLength(1)
    ask()
    await expect.poll(chains).toHaveLength(2)
    socket.destroy()
    expect(new Set(chains()).size).toBe(1)
  })

  it('may contain names outside ASCII', async () => {
    const subject = 'CN=Zoë 🦊\\, \\"the\\" fox \\+ 1,O=Acme'
    const { headers } = await test.record('/', { client: await test.edge.issueClient({ subject }) })
    const escaped = 'CN=Zo\\C3\\AB \\F0\\9F\\A6\\8A\\, \\"the\\" fox \\+ 1,O=Acme'
    expect(headers['x-cert-subject-dn-2253']).toBe(escaped)
    expect(headers['x-cert-subject-dn']).toBe(escaped)
    expect(headers['x-cert-subject-dn-l']).toBe('/O=Acme/CN=Zo\\xC3\\xAB \\xF0\\x9F\\xA6\\x8A, "the" fox + 1')
  })

  it('can be revoked while the edge runs', async () => {
    const client = await test.edge.issueClient()
    expect((await test.record('/', { client })).headers['x-cert-revoked']).toBe('0')
    test.edge.revokeAtEdge(client)
    expect((await test.record('/', { client })).headers['x-cert-revoked']).toBe('1')
  })

  it('cannot be claimed by headers', async () => {
    const cf = JSON.stringify({
      tlsClientAuth: { certPresented: '1', certVerified: 'SUCCESS', certSubjectDN: 'CN=eve' },
    })
    const { headers } = await test.record('/', {
      headers: { 'X-CERT-VERIFY': 'SUCCESS', x_cert_verify: 'SUCCESS', 'MF-CF-Blob': cf, 'mf-cf-blob': [cf, cf] },
    })
    expect(headers['x-cert-verify']).toBe('NONE')
    expect(JSON.stringify(headers)).not.toContain('SUCCESS')
  })
})
