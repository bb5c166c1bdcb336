import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.get('/public/*', { config: { clientCert: false } }, (request) => `public ${request.url}`)
    app.get('/secret', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'secret')
    app.get('/secret/:name', { config: { clientCert: { subject: { CN: 'alice' } } } }, () => 'secret')
    app.get('/any/*', () => 'any')
  },
}

describeThreat('a path that two parsers could read differently', options, (chain) => {
  const ways = [
    '/secret',
    '/public/../secret',
    '/public/%2e%2e/secret',
    '/public/.%2e/secret',
    '/public/..;/secret',
    '/public/%2E%2E%2Fsecret',
    '/public\\..\\secret',
    '/public/..\\secret',
    '//secret',
    '/./secret',
    '/%2e/secret',
    '/secret?',
    '/secret?/public/',
    '/secret#/public/',
    '/%73ecret',
    '/secret/',
    '/secret/x',
    '/secret%2fx',
    '/secret/%2e%2e',
    '/public/%252e%252e/secret',
    '/SECRET',
    '/public/../../secret',
    '/public/%00/../../secret',
  ]

  it.each(ways)('never shows the secret to bob: %s', async (path) => {
    const answer = await chain.through(path, { client: chain.edge.clients.bob })
    expect(answer.body).not.toBe('secret')
    // For any path, the signature verifies: edge and origin read it in the same way.
    expect(answer.code ?? '').not.toMatch(/^CSN_SIGNATURE/)
  })

  it.each(ways)('never shows the secret without a certificate: %s', async (path) => {
    const answer = await chain.through(path)
    expect(answer.body).not.toBe('secret')
    expect(answer.code ?? '').not.toMatch(/^CSN_SIGNATURE/)
  })

  it.each(['/secret', '/public/../secret', '/public/%2e%2e/secret', '/./secret', '/%73ecret', '/secret?x=/public/'])(
    'shows it to alice: %s',
    async (path) => {
      expect(await chain.through(path, { client: chain.edge.clients.alice })).toMatchObject({
        status: 200,
        body: 'secret',
      })
    },
  )
})
