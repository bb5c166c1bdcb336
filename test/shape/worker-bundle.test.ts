import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/files.ts'

const LIMIT = 18 * 1024

describe("the Worker's bundle", () => {
  let text: string
  let metafile: Metafile
  beforeAll(async () => {
    // As `wrangler deploy --minify` does it.
    const result = await build({
      absWorkingDir: ROOT,
      entryPoints: ['packages/worker/src/index.ts'],
      bundle: true,
      minify: true,
      keepNames: true,
      format: 'esm',
      target: 'es2024',
      platform: 'neutral',
      conditions: ['workerd', 'worker'],
      outfile: join(ROOT, 'index.js'),
      metafile: true,
      write: false,
    })
    text = result.outputFiles[0]?.text ?? ''
    metafile = result.metafile
  })

  it('is smaller than 18 KiB, minified', () => {
    const size = Buffer.byteLength(text)
    expect(size).toBeGreaterThan(1024)
    expect(size).toBeLessThan(LIMIT)
  })

  it('has no module but those of wire and worker', () => {
    const modules = Object.keys(metafile.inputs)
    expect(modules).toContain('packages/worker/src/sign-headers.ts')
    expect(modules).toContain('packages/wire/src/signature-base.ts')
    expect(modules.filter((path) => !/^packages\/(?:wire|worker)\/src\//.test(path))).toEqual([])
  })

  it('imports nothing at run time', () => {
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    expect(imports).toEqual([])
  })
})
