import { headerLines, withLines } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

const variants = [
  'x_cert_subject_dn',
  'X_CERT-SUBJECT_DN',
  'x-cert_verify',
  'X-Cert-Unheard-Of',
  'client_cert',
  'Client_Cert-Chain',
  'cf-cert-subject-dn',
  'CF-CERT-VERIFIED',
  'cf_cert_presented',
  'Cf-Client-Cert-Der-Base64',
  'cf_client_cert_sha256',
  'x.cert.subject.dn',
]

describeThreat('names that fold into the certificate family', (chain) => {
  it.each(variants)('are deleted at the edge: %s', async (name) => {
    const captured = await chain.capture('/me', { client: chain.edge.clients.bob, headers: { [name]: 'forged' } })
    expect(headerLines(captured).filter(([, value]) => value.includes('forged'))).toEqual([])
  })

  it.each(variants)('are refused at the origin: %s', async (name) => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    const added = withLines(genuine, [...headerLines(genuine), [name, 'forged']])
    expect(await chain.around(added)).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
    expect(chain.lastReason()).toContain(name.toLowerCase())
  })
})
