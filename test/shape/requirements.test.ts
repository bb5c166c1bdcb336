import { stripTypeScriptTypes } from 'node:module'
import { allOf, anyOf, not } from '@countersign/origin-plugin'
import { describe, expect, it } from 'vitest'
import { createGuardCompiler } from '../../packages/origin-plugin/src/guards/compile-guard.ts'
import { readText } from '../support/files.ts'

/** The requirements in the README of the plugin, as a reader would paste them: with whole digests. */
function readRequirements(): unknown[] {
  const readme = readText('packages/origin-plugin/README.md')
    .replaceAll('9F:86:…', '9F'.repeat(32))
    .replaceAll('3A:5C:…', '3A5C')
    .replaceAll('x1Hc…=', Buffer.alloc(32, 'x1Hc').toString('base64'))
  const list = /^const requirements: Requirement\[\] = (\[$.*?^\])$/ms.exec(readme)?.[1] ?? expect.fail('no list')
  const build = new Function(
    'allOf',
    'anyOf',
    'not',
    stripTypeScriptTypes(`return_(${list})`).replace('return_', 'return '),
  )
  return build(allOf, anyOf, not)
}

describe('the requirements in the README of the plugin', () => {
  const { compile } = createGuardCompiler({ ops: { subject: { OU: 'Ops' } } })
  const requirements = readRequirements()

  it('are all of its forms', () => {
    expect(requirements.length).toBeGreaterThan(10)
  })

  it.each(requirements.map((requirement, at) => [at + 1, requirement] as const))(
    'start: number %i',
    (_at, requirement) => {
      expect(() => compile(requirement, 'GET /')).not.toThrow()
    },
  )
})
