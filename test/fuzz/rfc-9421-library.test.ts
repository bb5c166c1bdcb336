// Signs and verifies with another library and not with test-support: the two sides must not share a mistake.
import { createPrivateKey, createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto'
import {
  carriedFields,
  headerLines,
  headerOf,
  type WireRequest,
  withHeader,
  withLines,
} from '@countersign/test-support/wire-request'
import { DERIVED_COMPONENTS, formatComponents, type SignatureAlgorithm } from '@countersign/wire'
import fc from 'fast-check'
import { createSigner, createVerifier, httpbis, type SigningKey, type VerifyingKey } from 'http-message-signatures'
import { describe, expect, it } from 'vitest'
import { applyEdits, edits } from './arbitraries.ts'
import { clientRequest, SIGNING_KEYS, sign, verify } from './edge-request.ts'
import { fuzz } from './fuzz.ts'

const { 'hmac-sha256': hmac, ed25519 } = SIGNING_KEYS
const secret = Buffer.from(hmac.k as string, 'base64url')
const { d: _private, ...ed25519Public } = ed25519

const VERIFIERS: Readonly<Record<string, VerifyingKey>> = {
  [hmac.kid as string]: {
    id: hmac.kid as string,
    algs: ['hmac-sha256'],
    verify: createVerifier(secret, 'hmac-sha256'),
  },
  [ed25519.kid as string]: {
    id: ed25519.kid as string,
    algs: ['ed25519'],
    verify: createVerifier(createPublicKey({ format: 'jwk', key: ed25519Public as JsonWebKey }), 'ed25519'),
  },
}
const SIGNERS: Readonly<Record<SignatureAlgorithm, SigningKey>> = {
  'hmac-sha256': createSigner(secret, 'hmac-sha256', hmac.kid),
  ed25519: createSigner(createPrivateKey({ format: 'jwk', key: ed25519 as JsonWebKey }), 'ed25519', ed25519.kid),
}

/** The request in the library's form. The library passes the target through the URL parser. */
function message(request: WireRequest) {
  const headers = Object.fromEntries(headerLines(request))
  return { method: request.method, url: `https://${headers['host']}${request.target}`, headers }
}

async function libraryAccepts(request: WireRequest): Promise<boolean> {
  try {
    return (
      (await httpbis.verifyMessage(
        {
          keyLookup: async ({ keyid }) => VERIFIERS[keyid ?? ''] ?? null,
          all: true,
          requiredParams: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
          tolerance: 5,
        },
        message(request),
      )) === true
    )
  } catch {
    return false
  }
}

async function librarySigns(request: WireRequest, alg: SignatureAlgorithm): Promise<WireRequest> {
  const unsigned = withLines(
    request,
    headerLines(request).filter(([name]) => !/^signature/.test(name)),
  )
  const { headers } = await httpbis.signMessage(
    {
      key: SIGNERS[alg],
      name: 'countersign',
      fields: [...carriedFields(unsigned), ...DERIVED_COMPONENTS],
      params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
      paramValues: {
        created: new Date(),
        expires: new Date(Date.now() + 60_000),
        nonce: randomBytes(16).toString('base64url'),
        tag: 'countersign',
      },
    },
    message(unsigned),
  )
  const added = Object.entries(headers).filter(([name]) => /^signature/i.test(name)) as [string, string][]
  return withLines(unsigned, [
    ...headerLines(unsigned),
    ...added.map(([name, value]) => [name.toLowerCase(), value] as const),
  ])
}

function originAccepts(request: WireRequest): boolean {
  try {
    verify(request)
    return true
  } catch {
    return false
  }
}

/** Changes with characters that neither the URL parser nor the library's trimming removes. */
const change = fc.record({ position: fc.nat(), edits: edits(fc.constantFrom('a', 'B', '0', '-', '9')) })

/** The request with an edited value of one covered component. The edits may have no effect. */
function changed(
  request: WireRequest,
  { position, edits }: typeof change extends fc.Arbitrary<infer T> ? T : never,
): WireRequest {
  const parts = ['method', 'target', 'host', ...carriedFields(request)]
  const part = parts[position % parts.length] as string
  if (part === 'method') return { ...request, method: applyEdits(request.method, edits).toUpperCase() }
  if (part === 'target') return { ...request, target: `/${applyEdits(request.target.slice(1), edits)}` }
  return withHeader(request, part, applyEdits(headerOf(request, part) ?? '', edits))
}

/** Whether the URL parser, which the library uses, returns host and target unchanged. */
function isPlain(request: WireRequest): boolean {
  const host = headerOf(request, 'host') ?? ''
  const url = URL.parse(`https://${host}${request.target}`)
  return url !== null && url.host === host && url.pathname + url.search === request.target.replace(/\?$/, '')
}

describe('an independent RFC 9421 library', () => {
  it('accepts the requests that the edge signs', () =>
    fuzz(
      fc.asyncProperty(clientRequest, async (request) => {
        expect(await libraryAccepts(await sign(request))).toBe(true)
      }),
      0.25,
    ))

  it('signs requests that the origin accepts', () =>
    fuzz(
      fc.asyncProperty(clientRequest, async (request) => {
        const signed = await librarySigns(await sign(request), request.alg)
        expect(verify(signed).stableLines.components).toBe(formatComponents(carriedFields(signed)))
      }),
      0.25,
    ))

  it('agrees with the origin on a changed request, signed by the edge or by the library', () =>
    fuzz(
      fc.asyncProperty(clientRequest, change, fc.boolean(), async (request, change, byLibrary) => {
        const sent = await sign(request)
        const received = changed(byLibrary ? await librarySigns(sent, request.alg) : sent, change)
        if (isPlain(received)) expect(originAccepts(received)).toBe(await libraryAccepts(received))
      }),
      0.5,
    ))
})
