import { watch } from 'node:fs'
import { dirname, sep } from 'node:path'

/** Editors write a file in several steps. */
const SETTLE_MS = 100

const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/

/**
 * Calls back when a source file in a module's folder, or below it, has changed.
 *
 * @throws Error if the folder cannot be watched
 */
export function watchSources(module: string, onChange: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(dirname(module), { recursive: true }, (_event, name) => {
    if (name === null || !SOURCE.test(name) || name.split(sep).includes('node_modules')) return
    clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  })
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
