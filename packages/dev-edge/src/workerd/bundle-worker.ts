import { fileURLToPath } from 'node:url'
import { type BuildFailure, build, formatMessages, type Plugin } from 'esbuild'
import { hasModulesOfNode, modulesOfNode } from './modules-of-node.ts'

/** The replacements in the source of a Worker, as wrangler makes them. */
export interface Replacements {
  /** Expressions in JavaScript, by the name or the path of properties that they replace. */
  readonly define?: Readonly<Record<string, string>> | undefined
  /** Absolute paths of files, by the module that they replace. */
  readonly alias?: Readonly<Record<string, string>> | undefined
}

/**
 * Bundles a Worker as wrangler does, for workerd.
 *
 * @param entry - the path of its module. The default is the Worker of Countersign.
 * @param flags - its compatibility flags
 * @param replacements - those of wrangler's file
 * @throws Error with the compiler's messages if it does not compile
 */
export async function bundleWorker(
  entry?: string,
  flags: readonly string[] = [],
  { define = {}, alias = {} }: Replacements = {},
): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry ?? fileURLToPath(import.meta.resolve('@countersign/worker'))],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      conditions: ['workerd', 'worker', 'browser'],
      // Modules of the runtime itself.
      external: ['cloudflare:*'],
      define: { ...define },
      plugins: [aliases(alias), ...(hasModulesOfNode(flags) ? [modulesOfNode] : [])],
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  } catch (error) {
    const messages = await formatMessages((error as BuildFailure).errors ?? [], { kind: 'error' })
    const text = messages.join('').trimEnd()
    // The advice of esbuild is for programs that run in Node.
    const hint = text.includes('is built into node')
      ? '\nA Worker has the modules of Node with the compatibility flag nodejs_compat.'
      : ''
    throw new Error(`The Worker does not compile:\n${text}${hint}`, { cause: error })
  }
}

/** The option of esbuild would replace `name/part` too, and wrangler replaces `name` alone. */
function aliases(alias: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'aliases',
    setup(build) {
      const files = new Map(Object.entries(alias))
      build.onResolve({ filter: /./ }, ({ path }) => {
        const file = files.get(path)
        return file === undefined ? undefined : { path: file }
      })
    },
  }
}
