import { execFile } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFastCa, createFastTeam, type FastCa, type FastTeam } from '../lib/fast-identities.ts'
import type { Fields } from './answer.ts'

/**
 * A folder with the certificates and the signatures of tokens of many clients.
 *
 * Half a millisecond for each client is most of the time of a run, so they are made once, on all cores. A measured
 * process reads them one by one: clients in its memory would hide the memory of the plugin.
 */
export interface PreparedClients {
  readonly folder: string
  readonly remove: () => void
}

/** The length of the certificate, the certificate and, at the end, the signature of the token. */
const RECORD = 768
const SIGNATURE = 256

/** The keys, which every process reads. */
interface Keys {
  readonly ca: string
  readonly team: string
  readonly issuedAt: number
}

/** Prepares this number of clients. */
export async function prepareClients(count: number): Promise<PreparedClients> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const [ca, team] = [createFastCa(), createFastTeam()]
  const pem = { type: 'pkcs8', format: 'pem' } as const
  const keys: Keys = { ca: String(ca.key.export(pem)), team: String(team.key.export(pem)), issuedAt: team.issuedAt }
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys))
  writeFileSync(join(folder, 'clients'), '')
  const share = Math.ceil(count / cpus().length)
  const script = join(import.meta.dirname, 'make-clients.ts')
  const remove = () => rmSync(folder, { recursive: true })
  try {
    await Promise.all(
      cpus().map((_, at) => {
        const [from, to] = [at * share, Math.min(count, (at + 1) * share)]
        return promisify(execFile)(process.execPath, [script, folder, String(from), String(to)])
      }),
    )
  } catch (error) {
    remove()
    throw error
  }
  return { folder, remove }
}

/** Reads the CA and the team of a folder. */
export function readIdentities(folder: string): { readonly ca: FastCa; readonly team: FastTeam } {
  const { ca, team, issuedAt } = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')) as Keys
  return { ca: createFastCa(createPrivateKey(ca)), team: createFastTeam({ key: createPrivateKey(team), issuedAt }) }
}

/** Makes the clients from one number to another, the latter excluded. */
export function writeClients(folder: string, from: number, to: number): void {
  const { ca, team } = readIdentities(folder)
  const file = openSync(join(folder, 'clients'), 'r+')
  const record = Buffer.alloc(RECORD)
  for (let n = from; n < to; n += 1) {
    const certificate = ca.issueTo(n)
    record.writeUInt16BE(certificate.length)
    certificate.copy(record, 2)
    team.signFor(n).copy(record, RECORD - SIGNATURE)
    writeSync(file, record, 0, RECORD, n * RECORD)
  }
  closeSync(file)
}

/** Opens the clients of a folder. The function reads the headers of one of them. */
export function openClients(folder: string): (n: number) => Fields {
  const { ca, team } = readIdentities(folder)
  const file = openSync(join(folder, 'clients'), 'r')
  const record = Buffer.alloc(RECORD)
  return (n) => {
    if (readSync(file, record, 0, RECORD, n * RECORD) !== RECORD) throw new Error(`client ${n} was not prepared`)
    const certificate = record.subarray(2, 2 + record.readUInt16BE())
    const token = team.tokenOf(n, record.subarray(RECORD - SIGNATURE))
    return [['cf-access-jwt-assertion', token], ...ca.fieldsOf(n, certificate)]
  }
}
