import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SigningJwk } from '@countersign/wire'
import type { World } from '../oracle/allowed-outcomes.ts'
import { SETTLE } from '../oracle/history.ts'
import type { Pace } from './pace.ts'

/** The files from which the origin takes the keys of the Worker and its further CAs, with rotations and bad files. */
export interface FileLane {
  readonly keysFile: string
  readonly casFile: string
  /** The key that the Worker signs with now. */
  edgeKey(): SigningJwk
  /** The number of rotations that ended: the former key and the former CA are no longer in the files. */
  rotations(): number
  badFiles(): number
  /** Rotates both files, with bad ones in between, until the run ends. */
  run(pace: Pace): Promise<void>
  close(): Promise<void>
}

/** Seconds between two reads of a file. */
export const FILE_REFRESH = 1

/** One of the two that take turns: a key of the Worker, and a CA in PEM. */
export interface Turn {
  readonly key: SigningJwk
  readonly ca: string
}

/** Writes the files with the first key and the first CA. */
export async function startFileLane(turns: readonly [Turn, Turn], world: World): Promise<FileLane> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-soak-'))
  const [keysFile, casFile] = [join(folder, 'keys.json'), join(folder, 'ca.pem')]
  let at = 0
  let rotations = 0
  let badFiles = 0

  /** Replaces a file as a whole, as a secret store does. */
  async function replace(path: string, text: string): Promise<void> {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }
  async function publish(listed: readonly Turn[]): Promise<void> {
    // Before the files: the origin can read them at once.
    world.edgeKeys.add(new Set(listed.map(({ key }) => String(key.kid))))
    world.cas.add(new Set(listed.map(({ ca }) => ca)))
    await replace(keysFile, JSON.stringify(listed.map(({ key }) => key)))
    await replace(casFile, listed.map(({ ca }) => ca).join(''))
  }
  /** The origin must keep the last good keys and CAs, so the world stays as it is. */
  async function spoil(): Promise<void> {
    badFiles += 1
    await replace(keysFile, badFiles % 2 === 1 ? '[{"kty":"oct","kid":"half' : '[]')
    await replace(casFile, badFiles % 2 === 1 ? `${turns[0].ca.slice(0, 200)}\n` : '')
  }
  /** Waits until the origin has read the files, also after the run is over. */
  const settle = () => sleep(FILE_REFRESH * 1000 + SETTLE)

  await publish([turns[0]])
  return {
    keysFile,
    casFile,
    edgeKey: () => (turns[at] as Turn).key,
    rotations: () => rotations,
    badFiles: () => badFiles,
    async run(pace) {
      while (!pace.isOver()) {
        await pace.wait(1)
        await spoil()
        await settle()
        await publish(turns)
        await settle()
        if (pace.isOver()) return
        at = 1 - at
        // Requests with a signature of the former key can still be under way, and a replay sends one again.
        await settle()
        await publish([turns[at] as Turn])
        rotations += 1
        await pace.wait(4)
      }
    },
    close: () => rm(folder, { recursive: true }),
  }
}
