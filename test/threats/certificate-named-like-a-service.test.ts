import { withHeader } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

const SERVICE = 'e367826f93b8d71185e03fe518aff3b4.access'
const refused = { status: 403, code: 'CSN_CERT_MISMATCH' }

describeThreat('a certificate whose common name is the id of a service token', (chain) => {
  /** Sends a request with the certificate of this name, and a token with these claims. */
  async function sent(commonName: string, claims: Record<string, unknown>) {
    const client = await chain.edge.issueClient({ name: 'client', subject: `CN=${commonName},O=Acme` })
    const request = await chain.capture('/me', { client })
    const token = await chain.edge.accessToken({ as: 'certificate', client, claims })
    return chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  }

  it('does not pass for the service by a token without mtls_auth, which Access makes for both', async () => {
    expect(await sent(SERVICE, { mtls_auth: undefined })).toMatchObject(refused)
    expect(chain.lastReason()).toContain('the Access token is ambiguous')
  })

  it('passes for itself if mtls_auth names it', async () => {
    expect(await sent(SERVICE, {})).toMatchObject({ status: 200 })
  })

  it('does not pass with another service token', async () => {
    const other = `${'0'.repeat(32)}.access`
    expect(await sent(SERVICE, { common_name: other, mtls_auth: undefined })).toMatchObject(refused)
  })

  it('leaves a service token valid whose mtls_auth names no certificate', async () => {
    const mtls_auth = { auth_status: 'NONE', cert_presented: false, cert_serial: '', cert_issuer_dn: '' }
    expect(await sent('pay-1', { common_name: SERVICE, mtls_auth })).toMatchObject({ status: 200 })
  })
})
