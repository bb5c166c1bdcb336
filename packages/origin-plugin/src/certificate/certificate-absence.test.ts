import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { edgeFieldsOf } from '../../test/support/header-lines.ts'
import { HEADER_SOURCES } from '../header-source.ts'
import { isWithoutCertificate } from './certificate-absence.ts'

const STATED: [string, string][] = [
  ['x-cert-presented', '0'],
  ['x-cert-verify', 'NONE'],
  ['x-cert-revoked', '0'],
]
const DESCRIPTIONS = CERTIFICATE_HEADERS.map(({ name }) => name).filter((name) => STATED.every(([one]) => one !== name))

const judge = (lines: readonly [string, string][]) =>
  [true, false].map((isSigned) => isWithoutCertificate(edgeFieldsOf(lines), isSigned))

describe('isWithoutCertificate', () => {
  it('believes the headers that the Worker writes without a certificate', () => {
    expect(judge(STATED)).toEqual([true, true])
    expect(judge([...STATED, ['cf-access-jwt-assertion', 'a.b.c']])).toEqual([true, true])
  })

  it('believes the lack of every header only without a signature', () => {
    expect(judge([])).toEqual([false, true])
    expect(judge([['cf-access-jwt-assertion', 'a.b.c']])).toEqual([false, true])
  })

  it.each(STATED.map(([name]) => name))('wants %s with exactly its value', (name) => {
    for (const value of [
      '1',
      '00',
      '0 ',
      'none',
      'NONE ',
      'SUCCESS',
      'FAILED',
      'FAILED:certificate revoked',
      'false',
    ]) {
      const changed = STATED.map(([each, stated]): [string, string] => [each, each === name ? value : stated])
      expect(judge(changed), value).toEqual([false, false])
    }
    expect(judge(STATED.filter(([each]) => each !== name))).toEqual([false, false])
    expect(judge(STATED.filter(([each]) => each === name))).toEqual([false, false])
  })

  it.each(DESCRIPTIONS)('does not believe it next to %s', (name) => {
    expect(judge([...STATED, [name, '0']])).toEqual([false, false])
    expect(judge([[name, '0']])).toEqual([false, false])
  })
})

describe.each(['cf-cert', 'rfc9440'] as const)('isWithoutCertificate, by the source %s', (source) => {
  const judgeBy = (lines: readonly [string, string][]) =>
    isWithoutCertificate(edgeFieldsOf(lines, HEADER_SOURCES[source]), false)
  const flags = (values: readonly string[]) =>
    STATED.map(([name], at): [string, string] => [name, values[at] as string])

  it('believes the headers that the source writes without a certificate', () => {
    expect(judgeBy([])).toBe(source === 'rfc9440')
    for (const values of [
      ['false', 'false', 'false'],
      ['0', '0', '0'],
      ['false', '0', 'false'],
    ]) {
      expect(judgeBy(flags(values)), String(values)).toBe(source === 'cf-cert')
    }
  })

  it('judges everything else as a certificate', () => {
    for (const values of [
      ['true', 'false', 'false'],
      ['false', 'true', 'false'],
      ['false', 'false', 'true'],
      ['false', 'NONE', 'false'],
      ['FALSE', 'false', 'false'],
    ]) {
      expect(judgeBy(flags(values)), String(values)).toBe(false)
    }
    for (const name of DESCRIPTIONS) {
      expect(judgeBy([...flags(['false', 'false', 'false']), [name, '0']]), name).toBe(false)
      expect(judgeBy([[name, '0']]), name).toBe(false)
    }
  })
})
