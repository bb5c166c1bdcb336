import { randomBytes } from 'node:crypto'
import countersign from '@countersign/origin-plugin'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'

const edge = { keys: { kty: 'oct', kid: 'k', k: randomBytes(32).toString('base64url') }, hosts: null }
const access = { team: 'acme', audience: 'a'.repeat(64) }
const good = { edge, access, trustedIssuers: null }

async function register(options: unknown): Promise<void> {
  await Fastify().register(countersign, options as typeof good)
}

describe('a configuration that would disable a check', () => {
  it('starts when every option is present', async () => {
    await register(good)
  })

  it.each([
    ['no options at all', undefined, 'edge is missing'],
    ['edge left out', { access, trustedIssuers: null }, 'edge is missing'],
    ['access left out', { edge, trustedIssuers: null }, 'access is missing'],
    ['trustedIssuers left out', { edge, access }, 'trustedIssuers is missing'],
    ['neither signature nor token', { ...good, edge: null, access: null }, 'edge and access must not both be null'],
    ['no audience', { ...good, access: { team: 'acme' } }, 'access.audience is missing'],
    ['an empty list of audiences', { ...good, access: { team: 'acme', audience: [] } }, 'access.audience is missing'],
    ['a malformed audience', { ...good, access: { team: 'acme', audience: 'app' } }, '64 hexadecimal digits'],
    ['a team that is a URL', { ...good, access: { ...access, team: 'https://evil.example' } }, 'access.team must be'],
    [
      'keys over plain http',
      { ...good, access: { issuer: 'https://a', audience: 'x', jwksUri: 'http://a.example/' } },
      'https',
    ],
    [
      'a weak key',
      { ...good, edge: { keys: { kty: 'oct', kid: 'k', k: 'c2VjcmV0' }, hosts: null } },
      '"k" must be at least 32 random bytes',
    ],
    [
      'a key of zeros',
      { ...good, edge: { keys: { kty: 'oct', kid: 'k', k: 'A'.repeat(43) }, hosts: null } },
      '"k" is not random, so an attacker can guess it',
    ],
    [
      'a public key for which an attacker can sign',
      { ...good, edge: { keys: { kty: 'OKP', crv: 'Ed25519', kid: 'k', x: `AQ${'A'.repeat(41)}` }, hosts: null } },
      '"x" is not a public key',
    ],
    [
      'a key set without a key',
      { ...good, access: { issuer: 'https://a', audience: 'x', jwks: { keys: [] } } },
      'access.jwks contains no RSA key',
    ],
    [
      'an audience from a variable that is not set',
      { ...good, access: { team: 'acme', audience: process.env['UNSET_AUDIENCE'] } },
      'access.audience is undefined',
    ],
    ['no key', { ...good, edge: { keys: [], hosts: null } }, 'edge.keys is empty'],
    [
      'a rule that opens every route',
      { ...good, routes: [{ url: '/*', clientCert: false }] },
      'routes[0] would make every route public',
    ],
    [
      'a rule whose requirement is a variable that is not set',
      { ...good, routes: [{ url: '/x', clientCert: process.env['UNSET_POLICY'] }] },
      'routes[0]: option "clientCert" is undefined',
    ],
    [
      'keys that are not JSON',
      { ...good, edge: { keys: 'secret', hosts: null } },
      'edge.keys is text that is not JSON',
    ],
    ['keys of an unset variable', { ...good, edge: { keys: undefined, hosts: null } }, 'edge.keys is missing'],
    ['no own host', { ...good, edge: { keys: edge.keys } }, 'edge.hosts is missing'],
    ['a mistyped option', { ...good, acess: null }, 'unknown option "acess"'],
    ['a mistyped edge option', { ...good, edge: { ...edge, replays: false } }, 'unknown option "replays"'],
    ['an empty list of issuers', { ...good, trustedIssuers: [] }, 'at least one CA'],
    ['an endless signature', { ...good, edge: { ...edge, maxAge: 86_400 } }, 'edge.maxAge must be'],
    ['a policy without a condition', { ...good, policies: { ops: {} } }, 'empty requirement'],
    [
      'a policy with a mistyped property',
      { ...good, policies: { ops: { subjekt: { OU: 'Ops' } } } },
      'unknown property "subjekt"',
    ],
    ['an expression that is not anchored', { ...good, policies: { ops: { subject: { OU: /Ops/ } } } }, 'not anchored'],
    ['alternatives with one anchor', { ...good, policies: { ops: { subject: { OU: /^Ops|Dev$/ } } } }, 'not anchored'],
  ])('does not start: %s', async (_what, options, message) => {
    await expect(register(options)).rejects.toThrow(TypeError)
    await expect(register(options)).rejects.toThrow(message)
  })

  it('never quotes a key in the error', async () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
    const error = await register({ ...good, edge: { keys: { kty: 'oct', kid: 'k', k: secret }, hosts: null } }).catch(
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).not.toContain(secret)
  })
})
