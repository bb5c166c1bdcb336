import { describe, expect, it } from 'vitest'
import { DistinguishedName } from './distinguished-name.ts'
import { likenessKey } from './name-likeness.ts'

const keyOf = (text: string) => likenessKey(DistinguishedName.parse(text))

describe('likenessKey', () => {
  it.each([
    ['CN=a,O=x', 'CN=a,O=x'],
    ['CN=a,O=x', 'O=x,CN=a'],
    ['CN=a,O=x', 'CN=a+O=x'],
    ['CN=a,O=x', 'cn=A,O=\\ X'],
    ['OU=b,OU=a', 'OU=a,OU=b'],
    ['1.2.3=#0401FF', '1.2.3=#0401ff'],
  ])('finds %s and %s alike', (one, other) => {
    expect(keyOf(one)).toBe(keyOf(other))
  })

  it.each([
    ['CN=a,O=x', 'CN=a'],
    ['CN=a,O=x', 'CN=x,O=a'],
    ['CN=a', 'CN=a,CN=a'],
    ['CN=a', 'OU=a'],
    ['CN=a,O=x', 'CN=a\\,O\\=x'],
    ['1.2.3=#0401FF', '1.2.3=#0401FE'],
    ['CN=[4\\,1\\,255]', 'CN=#0401FF'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('returns the same key again', () => {
    const name = DistinguishedName.parse('CN=a,O=x')
    expect(likenessKey(name)).toBe(likenessKey(name))
  })
})
