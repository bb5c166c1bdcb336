import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { headerLines } from '@countersign/test-support/wire-request'
import { ACCESS_TOKEN_HEADER, type SigningJwk } from '@countersign/wire'
import { createFastCa, createFastTeam } from '../lib/fast-identities.ts'
import { forkPinned, nextMessage } from '../lib/machine.ts'
import type { Sample } from '../lib/sample.ts'
import { signLines } from '../lib/signed-lines.ts'
import { makeList } from '../revocation/lists.ts'

/** The files and servers of an origin whose keys rotate and whose revocation list reloads. */
export interface Changes {
  readonly sample: Sample
  /** Formats the lines of a load with the keys that are in use. */
  formatLines(count: number): string[]
  /**
   * Adds the next keys, as an operator would. The origin reads them within its `refresh` of a second.
   *
   * @returns the lines of a load. From `change` on, they have the next edge key and a token of the next Access key
   */
  addKeys(count: number, change: number): string[]
  /** Removes the previous edge key after a time. From then on, the next keys are the ones in use. */
  removeKeyAfter(seconds: number): void
  /** Removes all files, and ends the server of the keys. */
  close(): void
}

const LIST_ENTRIES = 1_000_000
/** The list of all rounds. It takes seconds to make. */
let list: { readonly ca: ReturnType<typeof createFastCa>; readonly bytes: Buffer } | undefined

/**
 * @param base - a request of the real Worker, of which the certificate and the token are replaced
 * @param rotations - the number of times that keys change. Their keys are made before: an RSA key takes some 50 ms
 */
export async function startChanges(base: Sample, rotations: number): Promise<Changes> {
  list ??= makeListOnce()
  const { ca, bytes } = list
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const changing = { keysFile: join(folder, 'keys.json'), crlFile: join(folder, 'ca.crl') }
  writeFileSync(changing.crlFile, bytes)
  const generations = Array.from({ length: rotations + 2 }, (_, number) => createGeneration(`generation-${number}`))
  const take = () => generations.shift() as Generation
  let [current, next] = [take(), take()]
  const writeKeys = (...keys: SigningJwk[]) => replaceFile(changing.keysFile, JSON.stringify(keys))
  writeKeys(current.key)

  const keyServer = forkPinned('load', join(import.meta.dirname, 'key-server.ts'), [])
  const jwksUri = `http://127.0.0.1:${await nextMessage<number>(keyServer)}/`
  keyServer.send(current.team.access.jwks.keys)
  const { issuer, audience } = current.team.access
  const fields = new Map([...ca.fieldsOf(0), [ACCESS_TOKEN_HEADER, current.team.tokenOf(0)] as const])
  const others = headerLines(base).filter(([name]) => !fields.has(name.toLowerCase()))
  const sample: Sample = {
    ...base,
    key: current.key,
    keys: [current.key],
    access: { ...base.access, issuer, audience, jwksUri },
    clientCa: ca.ca,
    headers: [...others, ...fields].flat(),
    changing,
  }
  const linesOf = ({ key, team }: Generation, count: number) => {
    const token = team.tokenOf(0)
    return signLines({ ...sample, key }, count, () => token)
  }
  let removal: NodeJS.Timeout | undefined
  return {
    sample,
    formatLines: (count) => linesOf(current, count),
    addKeys(count, change) {
      keyServer.send([...next.team.access.jwks.keys, ...current.team.access.jwks.keys])
      writeKeys(current.key, next.key)
      // The last one is sent before the load begins.
      return [...linesOf(current, change), ...linesOf(next, count - change - 1), ...linesOf(current, 1)]
    },
    removeKeyAfter(seconds) {
      removal = setTimeout(() => {
        writeKeys(next.key)
        current = next
        next = take()
      }, seconds * 1_000)
    },
    close() {
      clearTimeout(removal)
      keyServer.disconnect()
      rmSync(folder, { recursive: true })
    },
  }
}

function makeListOnce() {
  const ca = createFastCa()
  return { ca, bytes: makeList(LIST_ENTRIES, false, ca.key) }
}

/** The keys that are in use at the same time. */
interface Generation {
  readonly key: SigningJwk
  readonly team: ReturnType<typeof createFastTeam>
}

function createGeneration(kid: string): Generation {
  const key: SigningJwk = { kty: 'oct', kid, k: randomBytes(32).toString('base64url') }
  return { key, team: createFastTeam({ kid }) }
}

/** A reader sees the old file or the new one, and no half of it. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
