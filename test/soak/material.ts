import type { DevClient } from '@countersign/dev-edge'
import { createTestEdge } from '@countersign/dev-edge/testing'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import type { WireRequest } from '@countersign/test-support/wire-request'
import { startChain } from '../support/chain.ts'
import { type Epoch, makeEpochs } from './epoch.ts'
import type { Turn } from './lanes/file-lane.ts'

/** The edge's part of the run, prepared before it starts: a running workerd would disturb the measurements. */
export interface Material {
  /** The keys of the Worker and the further CAs that take turns. The client `rotated-0` is of the first CA. */
  readonly turns: readonly [Turn, Turn]
  /** The hosts of the captured requests, and the one of requests that never passed the edge. */
  readonly hosts: readonly string[]
  readonly clientCa: string
  readonly issuer: string
  readonly audience: string
  /** The request `GET /me` of each client as the Worker sends it. The client `none` has no certificate. */
  readonly requests: Readonly<Record<string, WireRequest>>
  /** Clients that the CA revokes during the run, one after another. */
  readonly losable: readonly string[]
  readonly epochs: readonly Epoch[]
  /** Puts a client of `losable` on the revocation list. */
  revoke(name: string): void
  /** The current revocation list. */
  currentCrl(): Promise<Uint8Array>
}

const CLIENTS = ['alice', 'bob', 'rsa', 'branch', 'revoked', 'expired', 'otherCa'] as const
const LOSABLE = ['lost-1', 'lost-2', 'lost-3', 'lost-4', 'lost-5', 'lost-6']

/** Captures one request per client from the local edge, and creates the keys and tokens of all rotations. */
export async function prepareMaterial(rotations: number): Promise<Material> {
  const chain = await startChain()
  const { edge, key } = chain
  try {
    const clients: Record<string, DevClient | undefined> = { none: undefined }
    for (const name of CLIENTS) clients[name] = edge.clients[name]
    for (const name of LOSABLE) clients[name] = await edge.issueClient({ name })
    const requests: Record<string, WireRequest> = {}
    for (const [name, client] of Object.entries(clients)) requests[name] = await chain.capture('/me', { client })
    const [first, second] = [await startCa(0), await startCa(1)]
    for (const { name, request } of [first, second]) requests[name] = request
    return {
      turns: [
        { key, ca: first.ca },
        { key: hmacKey('next').privateJwk, ca: second.ca },
      ],
      hosts: [...edge.hosts, 'localhost'],
      clientCa: edge.clientCa,
      issuer: edge.access.issuer,
      audience: edge.access.audience,
      requests,
      losable: LOSABLE,
      epochs: await makeEpochs(edge, rotations),
      revoke: (name) => edge.addToCrl(clients[name] as DevClient),
      currentCrl: () => edge.clientCrl(),
    }
  } finally {
    await chain.close()
  }
}

/** A CA of its own with one client, whose certificate Cloudflare verified against it. */
async function startCa(at: number): Promise<{ name: string; ca: string; request: WireRequest }> {
  const edge = await createTestEdge()
  const name = `rotated-${at}`
  const headers = await edge.headers({ url: '/me', cert: { subject: `CN=${name},O=Acme` } })
  const request = { method: 'GET', target: '/me', headers: Object.entries(headers).flat() }
  return { name, ca: edge.options.trustedIssuers[0] as string, request }
}
