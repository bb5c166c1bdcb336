import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDevEdge, type DevAccessOptions } from '@countersign/dev-edge'
import { headerLines, headerOf } from '@countersign/test-support/wire-request'
import type { SigningJwk } from '@countersign/wire'
import type { FastTeam } from './fast-identities.ts'

/** The configuration of a measured origin, and the request of its load. */
export interface Sample {
  /** The signing key. The origin verifies with `keys`. */
  readonly key: SigningJwk
  readonly keys: readonly SigningJwk[]
  readonly access: DevAccessOptions
  /** Another team, which signs tokens fast enough for a new one in each request. */
  readonly team?: FastTeam['access']
  readonly clientCa: string
  /** The URL of a Redis, for an origin that needs one. */
  readonly redis?: string
  /** The headers of one request from the real Worker, without its signature: names and values in turn. */
  readonly headers: readonly string[]
  /** The files of an origin whose keys and revocation list change while it runs. */
  readonly changing?: { readonly keysFile: string; readonly crlFile: string }
}

/**
 * The value of a header that a sample's request has.
 *
 * @throws Error when it has no such header
 */
export function requireHeader(sample: Sample, name: string): string {
  const value = headerOf(sample, name)
  if (value === undefined) throw new Error(`the request of the sample has no ${name}`)
  return value
}

/** Takes a sample for each kind of key. */
export async function takeSamples(): Promise<Readonly<Record<'hmac' | 'ed25519', Sample>> & AsyncDisposable> {
  const hmac: SigningJwk = { kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }
  const ed25519 = { ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid: 'bench' } as SigningJwk
  const taken = [await takeSample(hmac), await takeSample(ed25519)] as const
  const [ofHmac, ofEd25519] = taken
  return {
    hmac: ofHmac.sample,
    ed25519: ofEd25519.sample,
    [Symbol.asyncDispose]: async () => {
      for (const { close } of taken) await close()
    },
  }
}

/**
 * Records one request of alice from the real Worker. The Access key server runs until `close()`.
 *
 * @param key - the Worker's key
 */
async function takeSample(key: SigningJwk): Promise<{ sample: Sample; close: () => Promise<void> }> {
  const received = Promise.withResolvers<string[]>()
  const recorder = createServer(({ rawHeaders }, response) => {
    received.resolve(rawHeaders)
    response.end()
  })
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`
  const edge = await createDevEdge({ origin, key })
  await edge.fetch('/', { client: edge.clients.alice, headers: { Accept: 'application/json', 'User-Agent': 'bench' } })
  const headers = withoutSignature(await received.promise)
  recorder.close()
  const { keys, access, clientCa } = edge
  return { sample: { key, keys, access, clientCa, headers }, close: () => edge.close() }
}

function withoutSignature(rawHeaders: readonly string[]): string[] {
  const lines = headerLines({ headers: rawHeaders })
  return lines.filter(([name]) => !/^(?:signature|signature-input|connection)$/i.test(name)).flat()
}
