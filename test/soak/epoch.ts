import type { DevEdge } from '@countersign/dev-edge'

/** The time between two rotations of the Access keys, with one token of each kind signed in it. */
export interface Epoch {
  readonly kid: string
  /** The public key, as the team publishes it. */
  readonly jwk: { readonly kid: string }
  readonly tokens: Readonly<Record<'user' | 'service' | 'certificate' | 'expired' | 'otherAudience', string>>
}

/** Rotates the keys of a local team, and returns one epoch per key. */
export async function makeEpochs(edge: DevEdge, count: number): Promise<Epoch[]> {
  const epochs: Epoch[] = []
  while (epochs.length < count) {
    if (epochs.length > 0) await edge.rotateAccessKeys()
    const { keys } = (await (await fetch(edge.access.jwksUri)).json()) as { keys: [Epoch['jwk']] }
    epochs.push({
      kid: keys[0].kid,
      jwk: keys[0],
      tokens: {
        user: await edge.accessToken(),
        service: await edge.accessToken({ as: 'service' }),
        certificate: await edge.accessToken({ as: 'certificate', client: edge.clients.alice }),
        expired: await edge.accessToken({ expiresIn: -3600 }),
        otherAudience: await edge.accessToken({ audience: 'f'.repeat(64) }),
      },
    })
  }
  return epochs
}
