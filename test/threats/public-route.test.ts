import { withHeader } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.get('/healthz', { config: { clientCert: false } }, ({ clientCert, access }) => ({ clientCert, access }))
    app.get('/half', { config: { clientCert: false }, preHandler: app.requireClientCert(true) }, () => 'in')
  },
}

describeThreat('a public route', options, (chain) => {
  const anonymous = { status: 200, body: '{"clientCert":null,"access":null}' }

  it('answers without a certificate or token', async () => {
    expect(await chain.through('/healthz')).toMatchObject(anonymous)
  })

  it('sees no certificate in forged headers, nor in genuine ones', async () => {
    const genuine = await chain.capture('/healthz', { client: chain.edge.clients.alice })
    expect(await chain.around(genuine)).toMatchObject(anonymous)
    expect(await chain.around(withHeader(genuine, 'x-cert-subject-dn', 'CN=mallory'))).toMatchObject(anonymous)
  })

  it('cannot be guarded by a hook alone, because nothing is verified', async () => {
    expect(await chain.through('/half', { client: chain.edge.clients.alice })).toMatchObject({
      status: 401,
      code: 'CSN_CERT_MISSING',
    })
  })
})
