import { describe, expect, it } from 'vitest'
import { publicEntries, publicExports } from './exports.ts'

describe('the public exports', () => {
  const entries = publicEntries()

  it('are those of every entry', () => {
    expect(entries).toContain('packages/origin-plugin/src/otel/otel.ts')
    expect(entries).toContain('packages/dev-edge/src/testing/index.ts')
    expect(entries.filter((entry) => publicExports(entry).length === 0)).toEqual([])
  })

  it.each(entries)('of %s have an example each', (entry) => {
    const without = publicExports(entry).filter(({ comment }) => !/^ \* @example\n \* ```ts$/m.test(comment))
    expect(without.map(({ path, name }) => `${path}: ${name}`)).toEqual([])
  })
})

describe('publicExports', () => {
  it('finds the declaration of a listed name, of a type, of an alias and of a default', () => {
    const found = publicExports('packages/origin-plugin/src/index.ts')
    const paths = new Map(found.map(({ name, path }) => [name, path]))
    expect(paths.get('clientCertOf')).toBe('packages/origin-plugin/src/client-cert.ts')
    expect(paths.get('ClientCert')).toBe('packages/origin-plugin/src/client-cert.ts')
    expect(paths.get('default')).toBe('packages/origin-plugin/src/plugin.ts')
    const worker = publicExports('packages/worker/src/index.ts')
    expect(worker.find(({ name }) => name === 'default')?.comment).toMatch(/^\/\*\*\n \* A Worker that is ready/)
  })

  it('finds the names that an entry declares itself', () => {
    const names = publicExports('packages/origin-plugin/src/redis.ts').map(({ name }) => name)
    expect(names).toContain('redisReplayStore')
    expect(names).toContain('NodeRedisLike')
  })
})
