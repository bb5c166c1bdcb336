import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

/** Flags that give a Worker modules of Node: `nodejs_compat`, `nodejs_compat_v2`, `nodejs_als`. */
const NODE_FLAG = /^nodejs_(?:compat|als)/

const NAMES: ReadonlySet<string> = new Set(builtinModules)

/** Whether workerd has modules of Node with these compatibility flags. */
export function hasModulesOfNode(flags: readonly string[]): boolean {
  return flags.some((flag) => NODE_FLAG.test(flag))
}

/**
 * Leaves the modules of Node to workerd. Libraries import them with and without `node:`, and require them in CommonJS.
 * workerd has no `require()`, so that becomes an import of a module of its own.
 */
export const modulesOfNode: Plugin = {
  name: 'modules of Node',
  setup(build) {
    build.onResolve({ filter: /^[a-z_:/]/ }, ({ path, kind }) => {
      const name = path.startsWith('node:') ? path : `node:${path}`
      if (path !== name && !NAMES.has(path)) return undefined
      return kind === 'require-call' ? { path: name, namespace: 'required' } : { path: name, external: true }
    })
    build.onLoad({ filter: /^node:/, namespace: 'required' }, ({ path }) => ({
      contents: `import * as all from ${JSON.stringify(path)}\nmodule.exports = all.default ?? all`,
    }))
  },
}
