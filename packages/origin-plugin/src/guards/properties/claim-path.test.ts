import { describe, expect, it } from 'vitest'
import { parseClaimPath, readClaim } from './claim-path.ts'

describe('parseClaimPath', () => {
  it.each([
    ['groups', ['groups']],
    ['custom.role', ['custom', 'role']],
    ['a.b.c', ['a', 'b', 'c']],
    ['https://acme\\.example/groups', ['https://acme.example/groups']],
    ['custom.https://acme\\.example/v1\\.2/groups.name', ['custom', 'https://acme.example/v1.2/groups', 'name']],
    ['https://localhost/groups.name', ['https://localhost/groups', 'name']],
    ['urn:acme:role', ['urn:acme:role']],
    ['a\\\\b', ['a\\b']],
    ['a\\\\.b', ['a\\', 'b']],
    ['\\.', ['.']],
    ['__proto__.constructor', ['__proto__', 'constructor']],
    ['a b\nc', ['a b\nc']],
  ])('parses %j', (text, names) => {
    expect(parseClaimPath(text)).toEqual(names)
  })

  it.each(['', '.', 'a.', '.a', 'a..b', 'a\\..'])('throws SyntaxError for an empty name in %j', (text) => {
    expect(() => parseClaimPath(text)).toThrow(
      new SyntaxError('a name is empty; write one dot between two names, as in "custom.role"'),
    )
  })

  it.each(['a\\b', 'a\\', 'a\\\\\\', '\\n.a'])('throws SyntaxError for a stray backslash in %j', (text) => {
    expect(() => parseClaimPath(text)).toThrow(
      new SyntaxError('a backslash is possible before a dot or a backslash only; write two for the character itself'),
    )
  })

  it.each([
    ['https://acme.example/groups', '"https://acme\\\\.example/groups"'],
    ['https://a.acme.example/v1.2/x', '"https://a\\\\.acme\\\\.example/v1\\\\.2/x"'],
    ['https://a\\.acme.example/x', '"https://a\\\\.acme\\\\.example/x"'],
    ['custom.https://acme.example/groups', '"custom.https://acme\\\\.example/groups"'],
  ])('throws SyntaxError for a URL with dots, with the text to write: %s', (text, written) => {
    expect(() => parseClaimPath(text)).toThrow(
      new SyntaxError(`a dot separates the names of members; write ${written} if the URL is one name`),
    )
    expect(parseClaimPath(JSON.parse(written)).at(-1)).toMatch(/^https:\/\//)
  })
})

describe('readClaim', () => {
  const claims = JSON.parse(
    '{"groups":["ops"],"custom":{"role":"admin","a.b":1,"no":null},"custom.role":"user","text":"x","__proto__":{"role":"own"}}',
  )

  it.each([
    [['groups'], ['ops']],
    [['custom', 'role'], 'admin'],
    [['custom.role'], 'user'],
    [['custom', 'a.b'], 1],
    [['custom', 'no'], null],
    [['__proto__', 'role'], 'own'],
  ])('reads %j', (path, value) => {
    expect(readClaim(claims, path)).toEqual(value)
  })

  it.each([
    [['role']],
    [['custom', 'a', 'b']],
    [['groups', '0']],
    [['groups', 'length']],
    [['text', 'length']],
    [['text', '0']],
    [['constructor']],
    [['custom', '__proto__']],
    [['custom', 'toString']],
    [['custom', 'no', 'x']],
    [['custom', 'hasOwnProperty', 'name']],
  ])('finds nothing at %j', (path) => {
    expect(readClaim(claims, path)).toBeUndefined()
  })
})
