import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { watchSources } from './watch-sources.ts'

/** Longer than the watcher waits for a file to settle. */
const QUIET_MS = 300

describe('watchSources', () => {
  let folder: string
  let calls: number
  let watcher: Disposable

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-'))
    for (const name of ['lib', 'node_modules', '.git']) mkdirSync(join(folder, name))
    for (const name of ['worker.ts', 'lib/part.ts', 'node_modules/a.js', '.git/a.js']) write(name)
    calls = 0
    watcher = watchSources(join(folder, 'worker.ts'), () => {
      calls += 1
    })
  })
  afterEach(() => {
    watcher[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })

  const write = (name: string) => writeFileSync(join(folder, name), String(Math.random()))
  /** As an editor saves: a new file takes the name of the old one. */
  const replace = (name: string) => {
    write(`${name}.tmp`)
    renameSync(join(folder, `${name}.tmp`), join(folder, name))
  }
  const expectCall = async (change: () => void) => {
    const before = calls
    change()
    await expect.poll(() => calls, { timeout: 4000 }).toBeGreaterThan(before)
    await sleep(QUIET_MS)
  }

  it.each(['worker.ts', 'lib/part.ts'])(
    'sees every change of %s, also when an editor replaces the file',
    async (name) => {
      for (let at = 0; at < 3; at += 1) {
        await expectCall(() => replace(name))
        await expectCall(() => write(name))
      }
    },
  )

  it('sees folders that come, go, and are replaced', async () => {
    await expectCall(() => mkdirSync(join(folder, 'new')))
    await expectCall(() => write('new/a.json'))
    await expectCall(() => {
      rmSync(join(folder, 'lib'), { recursive: true })
      mkdirSync(join(folder, 'lib'))
    })
    await expectCall(() => write('lib/part.ts'))
    rmSync(join(folder, 'new'), { recursive: true })
    await sleep(QUIET_MS)
    await expectCall(() => replace('worker.ts'))
  })

  it('calls once for the steps of one change', async () => {
    await sleep(QUIET_MS)
    calls = 0
    await expectCall(() => {
      for (let at = 0; at < 5; at += 1) write('worker.ts')
    })
    expect(calls).toBe(1)
  })

  it('sees no other files, and nothing after its end', async () => {
    await sleep(QUIET_MS)
    calls = 0
    for (const name of ['notes.md', 'node_modules/a.js', '.git/a.js']) write(name)
    await sleep(QUIET_MS)
    watcher[Symbol.dispose]()
    write('worker.ts')
    write('lib/part.ts')
    await sleep(QUIET_MS)
    expect(calls).toBe(0)
  })

  it('does not call for the files that it finds at its start', async () => {
    await sleep(QUIET_MS)
    expect(calls).toBe(0)
  })
})
