import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { headerLines } from '@countersign/test-support/wire-request'
import { ACCESS_TOKEN_HEADER, type SigningJwk } from '@countersign/wire'
import { createFastCa, createFastTeam } from '../lib/fast-identities.ts'
import type { Sample } from '../lib/sample.ts'
import { signLines } from '../lib/signed-lines.ts'
import { makeList } from '../revocation/lists.ts'

/** The files and servers of an origin whose keys rotate and whose revocation list reloads. */
export interface Changes {
  readonly sample: Sample
  /** Formats the lines of a load. From `change` on, they have the next edge key and a token of the next Access key. */
  formatLines(count: number, change: number): string[]
  /** Adds the next keys, as an operator would. The origin reads them within its `refresh` of a second. */
  addKeys(): void
  /** Removes the previous edge key after a time. From then on, the next keys are the ones in use. */
  removeKeyAfter(milliseconds: number): Promise<void>
  /** Removes all files, and ends the server. */
  close(): void
}

const LIST_ENTRIES = 1_000_000
/** The list of all rounds. It takes seconds to make. */
let list: { readonly ca: ReturnType<typeof createFastCa>; readonly bytes: Buffer } | undefined

/** @param base - a request of the real Worker, of which the certificate and the token are replaced */
export async function startChanges(base: Sample): Promise<Changes> {
  list ??= makeListOnce()
  const { ca, bytes } = list
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const changing = { keysFile: join(folder, 'keys.json'), crlFile: join(folder, 'ca.crl') }
  writeFileSync(changing.crlFile, bytes)
  let [current, next] = [createGeneration(0), createGeneration(1)]
  let accessKeys: readonly object[] = current.team.access.jwks.keys
  const writeKeys = (...keys: SigningJwk[]) => replaceFile(changing.keysFile, JSON.stringify(keys))
  writeKeys(current.key)

  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: accessKeys })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
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
  const ended = new AbortController()
  return {
    sample,
    formatLines(count, change) {
      const linesOf = ({ key, team }: Generation, length: number) => {
        const token = team.tokenOf(0)
        return signLines({ ...sample, key }, length, () => token)
      }
      // The last one is sent before the load begins.
      return [...linesOf(current, change), ...linesOf(next, count - change - 1), ...linesOf(current, 1)]
    },
    addKeys() {
      accessKeys = [...next.team.access.jwks.keys, ...current.team.access.jwks.keys]
      writeKeys(current.key, next.key)
    },
    async removeKeyAfter(milliseconds) {
      await setTimeout(milliseconds, undefined, { signal: ended.signal })
      writeKeys(next.key)
      current = next
      next = createGeneration(current.number + 1)
    },
    close() {
      ended.abort()
      server.close()
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
  readonly number: number
  readonly key: SigningJwk
  readonly team: ReturnType<typeof createFastTeam>
}

function createGeneration(number: number): Generation {
  const kid = `generation-${number}`
  const key: SigningJwk = { kty: 'oct', kid, k: randomBytes(32).toString('base64url') }
  return { number, key, team: createFastTeam({ kid }) }
}

/** A reader sees the old file or the new one, and no half of it. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
