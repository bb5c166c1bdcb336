import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'

/** Editors write a file in several steps. */
const SETTLE_MS = 100

const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/

/** Folders of packages and of tools. */
const SKIPPED = /^(?:node_modules$|\.)/

/**
 * Calls back when a source file in a module's folder, or below it, has changed.
 *
 * It watches folders and no files. Many editors write a new file and rename it over the old one, and a watcher of a file
 * then stays with the removed one. `recursive: true` watches files on Linux.
 *
 * @throws Error if the folder cannot be watched
 */
export function watchSources(module: string, onChange: () => void): Disposable {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  }

  const forget = (folder: string) => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  const watchFolder = (folder: string) => {
    forget(folder)
    const watcher = watch(folder, (event, name) => {
      if (name === null || SOURCE.test(name)) changed()
      else if (event === 'rename' && !SKIPPED.test(name)) rewatch(join(folder, name))
    })
    watchers.set(folder, watcher)
    watcher.on('error', () => forget(folder))
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !SKIPPED.test(entry.name)) rewatch(join(folder, entry.name))
    }
  }
  /** Watches a folder below, which can have come, gone, or been replaced. */
  const rewatch = (folder: string) => {
    try {
      watchFolder(folder)
      changed()
    } catch {
      forget(folder)
    }
  }

  watchFolder(dirname(module))
  clearTimeout(timer)
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const folder of [...watchers.keys()]) forget(folder)
    },
  }
}
