import { createAccess, type TestAccess } from './access.ts'
import { createCa, type TestCa } from './certificates.ts'
import type { IssuedCert } from './header-lines.ts'
import { type EdgeKeyPair, hmacKey } from './sign-lines.ts'

/** Everybody who has a part in a request: a CA and its client, an Access team and its token, the edge's key. */
export interface Parties {
  readonly ca: TestCa
  readonly cert: IssuedCert
  readonly access: TestAccess
  readonly token: string
  readonly key: EdgeKeyPair
}

export async function createParties(): Promise<Parties> {
  const ca = await createCa()
  const access = await createAccess()
  return { ca, cert: await ca.issue(), access, token: await access.token(), key: hmacKey() }
}
