import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Identity } from '../pki/issue-certificate.ts'
import { issueCrl } from '../pki/issue-crl.ts'
import { X509Crl } from '../pki/peculiar-x509.ts'
import { PUBLIC, writeWhole } from './write-whole.ts'

/** Days. An origin refuses an expired list, and may run long after the last start of the edge. */
const CURRENT_DAYS = 365

/** The path of the client CA's revocation list, in DER. */
export function crlFile(folder: string): string {
  return join(folder, 'client-ca.crl')
}

/** @returns the serial numbers on the list, in lower-case hexadecimal */
export async function readRevoked(folder: string): Promise<string[]> {
  const crl = new X509Crl(await readFile(crlFile(folder)))
  return crl.entries.map(({ serialNumber }) => serialNumber.toLowerCase())
}

export async function writeRevoked(folder: string, ca: Identity, serialNumbers: Iterable<string>): Promise<void> {
  await writeWhole(crlFile(folder), await issueCrl(ca, serialNumbers, CURRENT_DAYS), PUBLIC)
}
