import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.get('/exists', () => 'here')
    app.register(
      async (scope) => {
        scope.setNotFoundHandler((_request, reply) => reply.code(404).send({ own: true }))
      },
      { prefix: '/scope' },
    )
  },
}

describeThreat('a request for a route that does not exist', options, (chain) => {
  it.each([
    ['GET', '/exists'],
    ['GET', '/nowhere'],
    ['POST', '/exists'],
    ['OPTIONS', '/exists'],
    ['GET', '/scope/nowhere'],
    ['DELETE', '/'],
  ])('reveals nothing without a certificate: %s %s', async (method, path) => {
    expect(await chain.through(path, { method })).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
  })

  it('gets a 404 with a certificate', async () => {
    const { alice } = chain.edge.clients
    expect(await chain.through('/nowhere', { client: alice })).toMatchObject({ status: 404 })
    expect(await chain.through('/scope/nowhere', { client: alice })).toMatchObject({
      status: 404,
      body: '{"own":true}',
    })
  })
})
