import { describe, expect, it } from 'vitest'
import { refuseOwnMode, requirementIn, requireSpelling } from './requirement-in.ts'

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
    ...['countersign', 'Countersign', 'countersignMode'],
    ...[
      'cleintCert',
      'clientCret',
      'clientCer',
      'clientCertt',
      'clienCert',
      'lientCert',
      'xclientCert',
      'clieentCert',
      'klientCert',
    ],
  ])('refuses config.%s', (key) => {
    expect(() => requirementIn({ [key]: 'ops' }, 'GET /x')).toThrow(
      new TypeError(`GET /x: unknown option config.${key}; write config.clientCert`),
    )
  })

  it.each([
    'clintCrt',
    'client',
    'clientPart',
    'certClient',
    'clientSort',
    'patientCard',
    'clexntCert',
    'clxintCert',
    'clxyntCert',
    'cleinxCert',
    'clie',
    '',
  ])('accepts config.%s, which means something else', (key) => {
    expect(requirementIn({ [key]: 'ops' }, 'GET /x').present).toBe(false)
  })
})

describe('requireSpelling', () => {
  it.each(['clientCert', 'clientCertificate', 'requireClientCert', 'countersign'])(
    'refuses %s next to config',
    (key) => {
      expect(() => requireSpelling({ url: '/x', [key]: 'ops' }, 'GET /x')).toThrow(
        new TypeError(`GET /x: unknown option ${key}; write config: { clientCert: … }`),
      )
    },
  )

  it('accepts the options of a route', () => {
    const route = { method: 'GET', url: '/x', config: { clientCert: 'ops' }, onRequest() {}, constraints: {} }
    expect(() => requireSpelling(route, 'GET /x')).not.toThrow()
  })
})

describe('refuseOwnMode', () => {
  it.each([
    ['config.mode', { config: { mode: 'enforce' } }, 'report', 'enforce'],
    ['config.mode', { config: { mode: 'report' } }, 'enforce', 'report'],
    ['mode', { mode: 'enforce' }, 'report', 'enforce'],
  ] as const)('refuses %s: %j on a route in mode "%s"', (name, route, actual, wanted) => {
    expect(() => refuseOwnMode({ url: '/x', ...route }, actual, 'GET /x')).toThrow(
      new TypeError(
        `GET /x: ${name} has no effect on countersign, and the mode of the route is "${actual}"; write routes: [{ url: "/x", mode: "${wanted}" }] in the options of the plugin, or with mode: "${actual}" if ${name} is that of another plugin`,
      ),
    )
  })

  it('accepts the mode that the route has, and the values of other plugins', () => {
    for (const mode of ['report', 'Enforce', 'enforced', 'dark', true, null, undefined, { mode: 'enforce' }]) {
      expect(() => refuseOwnMode({ url: '/x', config: { mode }, ...{ mode } }, 'report', 'GET /x')).not.toThrow()
    }
    expect(() => refuseOwnMode({ url: '/x' }, 'report', 'GET /x')).not.toThrow()
  })
})
