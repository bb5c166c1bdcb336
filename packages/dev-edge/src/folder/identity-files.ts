import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toPem } from '../pki/dev-client.ts'
import type { Identity } from '../pki/issue-certificate.ts'
import { formatPrivateKey, importKeyPair, type KeyType } from '../pki/key-pair.ts'
import { X509Certificate } from '../pki/peculiar-x509.ts'
import { PRIVATE, PUBLIC, writeWhole } from './write-whole.ts'

/** Writes `NAME.pem` and `NAME-key.pem`. */
export async function writeIdentity(folder: string, name: string, { certificate, keys }: Identity): Promise<void> {
  await writeWhole(join(folder, `${name}-key.pem`), formatPrivateKey(keys.privateKey), PRIVATE)
  await writeWhole(join(folder, `${name}.pem`), toPem(certificate), PUBLIC)
}

/** Reads the files of {@link writeIdentity}. */
export async function readIdentity(folder: string, name: string, keyType: KeyType): Promise<Identity> {
  const [cert, key] = await Promise.all([
    readFile(join(folder, `${name}.pem`), 'utf8'),
    readFile(join(folder, `${name}-key.pem`), 'utf8'),
  ])
  return { certificate: new X509Certificate(cert), keys: importKeyPair(key, createPublicKey(cert), keyType) }
}
