import { fileURLToPath } from 'node:url'
import { type BuildFailure, build, formatMessages } from 'esbuild'

/**
 * Bundles a Worker as wrangler does, for workerd.
 *
 * @param entry - the path of its module; the Worker of Countersign by default
 * @throws Error if it does not compile, with what the compiler says
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
      // The runtime's own modules.
      external: ['cloudflare:*'],
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  } catch (error) {
    const messages = await formatMessages((error as BuildFailure).errors ?? [], { kind: 'error' })
    throw new Error(`The Worker does not compile:\n${messages.join('').trimEnd()}`, { cause: error })
  }
}
