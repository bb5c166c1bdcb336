import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Files of secrets, which wrangler reads beside its file. */
const SECRETS = /^\.(?:dev\.vars|env)(?:\..+)?$/

/**
 * Calls back with the name of wrangler's file, or of a file of secrets beside it, each time that the file changes.
 *
 * @throws Error if the folder cannot be watched
 */
export function watchConfig(file: string, onChange: (name: string) => void): Disposable {
  const own = basename(file)
  const timers = new Map<string, NodeJS.Timeout>()
  const watcher: FSWatcher = watch(dirname(file), (_event, name) => {
    if (name === null || (name !== own && !SECRETS.test(name))) return
    clearTimeout(timers.get(name))
    // Editors write a file in several steps.
    timers.set(name, setTimeout(onChange, 100, name))
  })
  watcher.on('error', () => watcher.close())
  return {
    [Symbol.dispose]() {
      watcher.close()
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
