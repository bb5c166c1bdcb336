import { fileURLToPath } from 'node:url'
import { type BuildFailure, build, formatMessages } from 'esbuild'
import { hasModulesOfNode, modulesOfNode } from './modules-of-node.ts'

/**
 * Bundles a Worker as wrangler does, for workerd.
 *
 * @param entry - the path of its module. The default is the Worker of Countersign.
 * @param flags - its compatibility flags
 * @throws Error with the compiler's messages if it does not compile
 */
export async function bundleWorker(entry?: string, flags: readonly string[] = []): Promise<string> {
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
      plugins: hasModulesOfNode(flags) ? [modulesOfNode] : [],
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
