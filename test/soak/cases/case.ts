import { randomInt } from 'node:crypto'
import { type SignatureOverrides, signAsWorker } from '@countersign/test-support/sign-as-worker'
import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import type { SigningJwk } from '@countersign/wire'
import type { Epoch } from '../epoch.ts'
import type { Material } from '../material.ts'
import type { Sent } from '../oracle/allowed-outcomes.ts'

/** A request to send, with the facts that its judge needs. */
export interface Case {
  readonly request: WireRequest
  readonly sent: Omit<Sent, 'name'>
  readonly body?: string
  /** Sends the request twice. The second time it is a replay, unless the first one was refused. */
  readonly twice?: boolean
}

/** The material of a case. */
export interface Kit {
  readonly material: Material
  /** The epoch whose key the team signs with now. */
  current(): Epoch
  /** The latest epoch whose key the origin certainly has. */
  known(): Epoch
  /** The key that the Worker signs with now. */
  edgeKey(): SigningJwk
}

export type MakeCase = (kit: Kit) => Case

/** The differences of a request from the client's own `GET /me`. */
export interface Variation extends SignatureOverrides {
  readonly method?: string
  readonly target?: string
  /** `undefined` for a request without a token. The default is the user's token. */
  readonly token?: string | undefined
  /** Header lines to set before signing. `undefined` removes a line. */
  readonly headers?: Readonly<Record<string, string | undefined>>
}

export const TOKEN = 'cf-access-jwt-assertion'

/** A request as the Worker would send it, except for the variation. */
export function signed({ material, known, edgeKey }: Kit, client: string, variation: Variation = {}): WireRequest {
  const { method = 'GET', target = '/me', headers = {}, ...changes } = variation
  const token = 'token' in variation ? variation.token : known().tokens.user
  let request: WireRequest = { ...(material.requests[client] as WireRequest), method, target }
  for (const [name, value] of Object.entries({ ...headers, [TOKEN]: token })) request = withHeader(request, name, value)
  return signAsWorker(request, edgeKey(), changes)
}

/** The subjects of the accepted clients. */
export const SUBJECTS: Readonly<Record<string, string>> = {
  alice: 'CN=alice,OU=Ops,O=Acme,C=US',
  bob: 'CN=bob,OU=Sales,O=Acme',
  rsa: 'CN=rsa,OU=Ops,O=Acme',
  branch: 'CN=branch,OU=Branch,O=Acme',
}

/** A random element of a list. */
export function pick<T>(list: readonly T[]): T {
  return list[randomInt(list.length)] as T
}
