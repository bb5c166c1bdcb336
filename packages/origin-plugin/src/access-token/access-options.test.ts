import { AUDIENCE, createTestTeam, ISSUER, type TestTeam } from '@countersign/test-support/access-team'
import { startServer } from '@countersign/test-support/local-server'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ResolvedAccess, resolveAccess } from './access-options.ts'

let access: TestTeam
beforeAll(async () => {
  access = await createTestTeam()
})

const ignore = () => {}
const resolve = (options: Record<string, unknown>, warn: (reason: string) => void = ignore) =>
  resolveAccess({ audience: AUDIENCE, ...options }, warn)
const wrong = (message: string) => expect.objectContaining({ name: 'TypeError', message })

/** The error of an option that must be refused. */
function faultOf(options: Record<string, unknown>): unknown {
  try {
    resolve(options)
  } catch (error) {
    return error
  }
  return expect.fail('the option was accepted')
}

/** The background task of options with the URL of keys. It stops with the test. */
function backgroundOf({ refresh }: ResolvedAccess) {
  if (!refresh) return expect.fail('the options have no background task')
  onTestFinished(() => refresh.stop())
  return refresh
}

/** The URL of a server that has ended. */
async function closedUrl(): Promise<string> {
  const server = await startServer(ignore)
  await server.close()
  return `${server.url}/certs`
}

describe('resolveAccess: keys from a URL', () => {
  it('logs a first fetch that fails, and starts', async () => {
    const jwksUri = await closedUrl()
    const warnings: string[] = []
    const resolved = resolve({ issuer: ISSUER, jwksUri }, (reason) => warnings.push(reason))
    expect(await backgroundOf(resolved).start()).toBeUndefined()
    expect(warnings).toEqual([`the keys of ${jwksUri} could not be fetched: ECONNREFUSED`])
    expect(resolved.keySet()).toBeUndefined()
  })

  it('does not start without keys if they are required', async () => {
    const jwksUri = await closedUrl()
    const { start } = backgroundOf(resolve({ issuer: ISSUER, jwksUri, requireKeysAtStart: true }))
    await expect(start()).rejects.toThrow(`the keys of ${jwksUri} could not be fetched: ECONNREFUSED`)
  })

  it.each([true, false])('fetches the keys at the start, with requireKeysAtStart %s', async (requireKeysAtStart) => {
    const server = await startServer((_request, response) => response.end(JSON.stringify(access.jwks)))
    onTestFinished(() => server.close())
    const resolved = resolve({ issuer: ISSUER, jwksUri: `${server.url}/certs`, requireKeysAtStart })
    expect(resolved.keySet()).toBeUndefined()
    await backgroundOf(resolved).start()
    expect(resolved.keySet()).toBeDefined()
    expect(server.requests()).toBe(1)
  })

  it.each(['acme', 'a', '7', 'a-b', 'acme-2'])('uses the issuer and the keys of the team %s', async (team) => {
    const resolved = resolve({ team, requireKeysAtStart: true })
    expect(resolved.issuer).toBe(`https://${team}.cloudflareaccess.com`)
    const { start, stop } = backgroundOf(resolved)
    const started = start()
    // The fetch ends before it leaves this machine. Its error names the URL.
    stop()
    await expect(started).rejects.toThrow(
      `the keys of https://${team}.cloudflareaccess.com/cdn-cgi/access/certs could not be fetched: the server was closed`,
    )
  })
})

describe('resolveAccess: given keys', () => {
  it('has one key set for all requests, and no background task', async () => {
    const resolved = resolve({ issuer: ISSUER, jwks: access.jwks })
    expect(resolved.keySet()).toBeDefined()
    expect(resolved.keySet()).toBe(resolved.keySet())
    expect(resolved.refresh).toBeNull()
  })

  it('has a key set of its own for each registration', () => {
    const options = { issuer: ISSUER, jwks: access.jwks }
    expect(resolve(options).keySet()).not.toBe(resolve(options).keySet())
  })

  it('compiles the other options, with their defaults', () => {
    const matches = () => true
    const options = { issuer: ISSUER, jwks: access.jwks, matches }
    expect(resolve(options)).toMatchObject({ issuer: ISSUER, audience: [AUDIENCE], clockTolerance: 5, matches })
    expect(resolve({ ...options, audience: ['a', 'b'], clockTolerance: 60 })).toMatchObject({
      audience: ['a', 'b'],
      clockTolerance: 60,
    })
  })
})

describe('resolveAccess: refused options', () => {
  it.each(['', '-a', 'a-', 'Acme', 'acme.example', 'acme/', 1, ['acme']])('refuses the team %j', (team) => {
    expect(faultOf({ team })).toEqual(
      wrong('access.team must be the name before .cloudflareaccess.com, such as "acme", in lower case'),
    )
  })

  it.each([
    ['text that is not a URL', 'acme'],
    ['a URL object', new URL(ISSUER)],
    ['nothing', null],
  ])('refuses %s as issuer', (_, issuer) => {
    expect(faultOf({ issuer, jwks: access.jwks })).toEqual(
      wrong(
        'access must have a team or an issuer URL; write team: "acme", or issuer: "https://…" with jwksUri or jwks',
      ),
    )
  })

  it.each([
    ['plain http', 'http://keys.example/certs'],
    ['text that is not a URL', 'certs'],
    ['a URL object', new URL('https://keys.example/certs')],
    ['a name that begins like this machine', 'http://127.0.0.1.example/certs'],
  ])('refuses %s as jwksUri', (_, jwksUri) => {
    expect(faultOf({ issuer: ISSUER, jwksUri })).toEqual(
      wrong(
        'access.jwksUri must be the text of an https URL (http only on this machine); over plain http an attacker could replace the keys',
      ),
    )
  })

  it.each(['https://me:secret@keys.example/certs', 'https://me@keys.example/', 'http://:secret@localhost/'])(
    'refuses credentials in the jwksUri %s, and does not quote them',
    (jwksUri) => {
      expect(faultOf({ issuer: ISSUER, jwksUri })).toEqual(
        wrong(
          'access.jwksUri must not contain a user name or a password; the keys are public, write the URL without them',
        ),
      )
    },
  )

  it('quotes no query of the jwksUri in a log', async () => {
    const url = await closedUrl()
    const warnings: string[] = []
    const resolved = resolve({ issuer: ISSUER, jwksUri: `${url}?token=secret` }, (reason) => warnings.push(reason))
    await backgroundOf(resolved).start()
    expect(warnings).toEqual([`the keys of ${url}?… could not be fetched: ECONNREFUSED`])
  })

  it.each([[[]], [[{ kty: 'EC', kid: 'a' }]]])('refuses the jwks %j, which verify no token', (keys) => {
    expect(faultOf({ issuer: ISSUER, jwks: { keys } })).toEqual(
      wrong("access.jwks contains no RSA key; write the keys that sign the team's tokens"),
    )
  })

  it.each(['team', 'issuer', 'audience'])('does not tell to remove an undefined %s', (name) => {
    expect(faultOf({ issuer: ISSUER, jwks: access.jwks, [name]: undefined })).toEqual(
      wrong(`access.${name} is undefined; set the environment variable that it comes from, or write a value`),
    )
  })

  it.each([
    ['a letter before it', `a${AUDIENCE}`],
    ['a letter after it', `${AUDIENCE}a`],
    ['a letter missing', AUDIENCE.slice(1)],
    ['capital letters', AUDIENCE.toUpperCase()],
    ['another, wrong one', [AUDIENCE, 'other']],
  ])("refuses a team's audience with %s", (_, audience) => {
    expect(faultOf({ team: 'acme', audience })).toEqual(
      wrong(
        'access.audience must be 64 hexadecimal digits; copy the Audience (AUD) tag from the application in Zero Trust',
      ),
    )
  })
})
