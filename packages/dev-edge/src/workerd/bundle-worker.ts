import { fileURLToPath } from 'node:url'
import { type BuildFailure, build, formatMessages } from 'esbuild'

/**
 * Bundles a Worker as wrangler does, for workerd.
 *
 * @param entry - the path of its module. The default is the Worker of Countersign.
 * @throws Error with the compiler's messages if it does not compile
 */
export async function bundleWorker(entry?: string): Promise<string> {
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
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  } catch (error) {
    const messages = await formatMessages((error as BuildFailure).errors ?? [], { kind: 'error' })
    throw new Error(`The Worker does not compile:\n${messages.join('').trimEnd()}`, { cause: error })
  }
}
