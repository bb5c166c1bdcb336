import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Removes the previous edge key after a time. */
  removeKeyAfter(milliseconds: number): void
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
  const [first, next] = [createKey('first'), createKey('next')]
  const [team, nextTeam] = [createFastTeam({ kid: 'first' }), createFastTeam({ kid: 'next' })]
  let accessKeys: readonly object[] = team.access.jwks.keys
  const writeKeys = (...keys: SigningJwk[]) => replaceFile(changing.keysFile, JSON.stringify(keys))
  writeKeys(first)

  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: accessKeys })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { issuer, audience } = team.access
  const fields = new Map([...ca.fieldsOf(0), [ACCESS_TOKEN_HEADER, team.tokenOf(0)] as const])
  const others = headerLines(base).filter(([name]) => !fields.has(name.toLowerCase()))
  const sample: Sample = {
    ...base,
    key: first,
    keys: [first],
    access: { ...base.access, issuer, audience, jwksUri },
    clientCa: ca.ca,
    headers: [...others, ...fields].flat(),
    changing,
  }
  let timer: NodeJS.Timeout | undefined
  return {
    sample,
    formatLines(count, change) {
      const [token, nextToken] = [team.tokenOf(0), nextTeam.tokenOf(0)]
      const lines = signLines(sample, change, () => token)
      // The last one is sent before the load begins.
      const [before = ''] = signLines(sample, 1, () => token)
      return [...lines, ...signLines({ ...sample, key: next }, count - change - 1, () => nextToken), before]
    },
    addKeys() {
      accessKeys = [...nextTeam.access.jwks.keys, ...team.access.jwks.keys]
      writeKeys(first, next)
    },
    removeKeyAfter(milliseconds) {
      timer = setTimeout(() => writeKeys(next), milliseconds)
    },
    close() {
      clearTimeout(timer)
      server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function makeListOnce() {
  const ca = createFastCa()
  return { ca, bytes: makeList(LIST_ENTRIES, false, ca.key) }
}

function createKey(kid: string): SigningJwk {
  return { kty: 'oct', kid, k: randomBytes(32).toString('base64url') }
}

/** A reader sees the old file or the new one, and no half of it. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
