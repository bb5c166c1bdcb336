import { createCa, type IssuedCert, type TestCa } from '@countersign/test-support/certificates'
import { expect } from 'vitest'
import { parseClientCert } from '../../src/certificate/parse-client-cert.ts'
import { type CompiledIssuer, compileTrustedIssuers } from '../../src/certificate/trusted-issuers.ts'
import { certificateLines, edgeFieldsOf } from './header-lines.ts'

/** The name of two of the CAs. */
export const CA_DN = 'CN=Acme Client CA,O=Acme,C=US'

/** CAs to trust, or not, and a certificate of the first. */
export interface Issuers {
  readonly ca: TestCa
  /** Another key under the same name. */
  readonly namesake: TestCa
  readonly stranger: TestCa
  readonly issued: IssuedCert
  /** The key identifier of `ca`, as the certificate names it. */
  readonly keyId: string
}

/** Creates new CAs. */
export async function createIssuers(): Promise<Issuers> {
  const ca = await createCa(CA_DN)
  const issued = await ca.issue()
  return {
    ca,
    namesake: await createCa(CA_DN),
    stranger: await createCa('CN=Other CA,O=Other'),
    issued,
    keyId: parseClientCert(edgeFieldsOf(certificateLines(issued))).issuerKeyId ?? '',
  }
}

/** Compiles the option `trustedIssuers`. A warning, or `null`, fails the test. */
export function compileIssuers(...issuers: readonly unknown[]): readonly CompiledIssuer[] {
  const compiled = compileTrustedIssuers(issuers, (reason) => expect.fail(reason))
  return compiled ?? expect.fail('nothing was compiled')
}
