import { describe, expect, it } from 'vitest'
import { requirementIn, requireSpelling } from './requirement-in.ts'

describe('requirementIn', () => {
  it.each([
    [undefined, { present: false, requirement: undefined }],
    [null, { present: false, requirement: undefined }],
    [{}, { present: false, requirement: undefined }],
    [
      { rateLimit: 1, client: 1, cert: 1, certificate: 1 },
      { present: false, requirement: undefined },
    ],
    [{ clientCert: 'ops' }, { present: true, requirement: 'ops' }],
    [{ clientCert: false }, { present: true, requirement: false }],
    [{ clientCert: undefined }, { present: true, requirement: undefined }],
    [Object.defineProperty({}, 'clientCert', { value: 'ops' }), { present: true, requirement: 'ops' }],
  ])('reads %j', (config, own) => {
    expect(requirementIn(config, 'GET /x')).toEqual(own)
  })

  it('refuses an inherited requirement, which Fastify would not copy', () => {
    expect(() => requirementIn(Object.create({ clientCert: 'ops' }), 'GET /x')).toThrow(
      new TypeError('GET /x: config inherits clientCert; write it as a property of config itself'),
    )
  })

  it.each([
    ...[
      'clientcert',
      'ClientCert',
      'clientCerts',
      'client_cert',
      'client-cert',
      'clientCertificate',
      'requireClientCert',
    ],
    ...['cleintCert', 'clientCret', 'clientCer', 'clientCertt', 'clienCert', 'lientCert', 'xclientCert', 'klientCert'],
  ])('refuses config.%s', (key) => {
    expect(() => requirementIn({ [key]: 'ops' }, 'GET /x')).toThrow(
      new TypeError(`GET /x: unknown option config.${key}; write config.clientCert`),
    )
  })

  it.each(['clintCrt', 'client', 'clientPart', 'certClient', 'clientSort', 'patientCard', 'clie', ''])(
    'accepts config.%s, which means something else',
    (key) => {
      expect(requirementIn({ [key]: 'ops' }, 'GET /x').present).toBe(false)
    },
  )
})

describe('requireSpelling', () => {
  it.each(['clientCert', 'clientCertificate', 'requireClientCert'])('refuses %s next to config', (key) => {
    expect(() => requireSpelling({ url: '/x', [key]: 'ops' }, 'GET /x')).toThrow(
      new TypeError(`GET /x: unknown option ${key}; write config: { clientCert: … }`),
    )
  })

  it('accepts the options of a route', () => {
    const route = { method: 'GET', url: '/x', config: { clientCert: 'ops' }, onRequest() {}, constraints: {} }
    expect(() => requireSpelling(route, 'GET /x')).not.toThrow()
  })
})
