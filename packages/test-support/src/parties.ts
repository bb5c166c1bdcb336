import { createTestTeam, type TestTeam } from './access-team.ts'
import { createCa, type IssuedCert, type TestCa } from './certificates.ts'
import { type EdgeKeyPair, hmacKey } from './edge-key-pair.ts'

/** Everything that takes part in a request: a CA and its client, an Access team and its token, the edge's key. */
export interface Parties {
  readonly ca: TestCa
  readonly cert: IssuedCert
  readonly access: TestTeam
  readonly token: string
  readonly key: EdgeKeyPair
}

/**
 * Creates new parties. They have nothing in common with those of an earlier call, so two calls make a good and a foreign
 * chain of trust.
 */
export async function createParties(): Promise<Parties> {
  const ca = await createCa()
  const access = await createTestTeam()
  return { ca, cert: await ca.issue(), access, token: await access.token(), key: hmacKey() }
}
