import { beforeAll, describe, expect, it } from 'vitest'
import {
  COMPILERS,
  type CompilerVersion,
  compileConsumer,
  createConsumer,
  RESOLUTIONS,
  type Resolution,
} from './consumer-project.ts'

const MINUTES = 60_000

beforeAll(createConsumer, 5 * MINUTES)

describe.each(Object.keys(COMPILERS) as CompilerVersion[])('the published types under TypeScript %s', (version) => {
  it.each(Object.keys(RESOLUTIONS) as Resolution[])(
    'compile for every kind of Fastify server, with moduleResolution %s and without skipLibCheck',
    async (resolution) => {
      expect(await compileConsumer(version, resolution)).toEqual([])
    },
    10 * MINUTES,
  )
})
