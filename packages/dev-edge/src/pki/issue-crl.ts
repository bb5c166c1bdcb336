import { copyName } from './encode-name.ts'
import type { Identity } from './issue-certificate.ts'
import * as x509 from './peculiar-x509.ts'
import { daysFromNow } from './pki.ts'

/**
 * Issues a complete certificate revocation list (RFC 5280, section 5).
 *
 * @param authority - the CA that signs
 * @param serialNumbers - the serial numbers of the revoked certificates, in hexadecimal
 * @param days - the validity of the list
 * @returns DER
 */
export async function issueCrl(
  authority: Identity,
  serialNumbers: Iterable<string>,
  days: number,
): Promise<Uint8Array> {
  const { certificate, keys } = authority
  const crl = await x509.X509CrlGenerator.create({
    issuer: copyName(certificate.subjectName),
    thisUpdate: new Date(),
    nextUpdate: daysFromNow(days),
    entries: Array.from(serialNumbers, (serialNumber) => ({ serialNumber, revocationDate: new Date() })),
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey)],
    signingKey: keys.privateKey,
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash: 'SHA-256' },
  })
  return new Uint8Array(crl.rawData)
}
