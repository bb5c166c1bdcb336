import { describe, expect, it } from 'vitest'
import { formatDistinguishedName, parseDistinguishedName } from './distinguished-name.ts'

describe('parseDistinguishedName', () => {
  it('reads pairs, quotes, several attributes in an RDN, and spaces around separators', () => {
    expect(parseDistinguishedName('CN=Zo\\C3\\AB + UID=7, O="Acme, Inc." ; C=US')).toEqual([
      [
        { type: 'CN', value: 'Zoë' },
        { type: 'UID', value: '7' },
      ],
      [{ type: 'O', value: 'Acme, Inc.' }],
      [{ type: 'C', value: 'US' }],
    ])
  })
  it('round-trips', () => {
    const text = 'CN=\\ a\\,b\\+c\\"\\\\\\<\\>\\;d\\ ,O=\\#x=y,emailAddress=a@b'
    expect(formatDistinguishedName(parseDistinguishedName(text))).toBe(text)
  })
})
