import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { attributeTypeId, attributeTypeName } from './attribute-types.ts'

/** X.500, the pilot directories, PKCS #9, and Russian numbers: the arcs whose objects are types of a name. */
const ARCS =
  /^(?:2\.5\.4|0\.9\.2342\.19200300\.100\.1|1\.2\.840\.113549\.1\.9|1\.2\.643\.100)\.\d+$|^1\.2\.643\.3\.131\.1\.1$/

/** OpenSSL's short name by OID, for each of these types. A line is `CN = commonName, 2.5.4.3` or `host = 0.9.…`. */
const types = new Map<string, string>()
for (const line of execFileSync('openssl', ['list', '-objects'], { encoding: 'utf8' }).split('\n')) {
  const [, name, oid] = /^(\S+) = (?:.*, )?([\d.]+)$/.exec(line) ?? []
  if (name && oid && ARCS.test(oid)) types.set(oid, name)
}
const UNIQUE_IDENTIFIER = '0.9.2342.19200300.100.1.44'

describe('the attribute types that OpenSSL prints by name', () => {
  it('are listed by this OpenSSL', () => {
    expect(types.size).toBeGreaterThan(100)
    expect([types.get('2.5.4.3'), types.get(UNIQUE_IDENTIFIER)]).toEqual(['CN', 'uid'])
  })

  it('are in our table, under the same name', () => {
    const expected = new Map(Array.from(types).filter(([oid]) => oid !== UNIQUE_IDENTIFIER))
    expect(new Map(Array.from(expected, ([, name]) => [attributeTypeId(name), name]))).toEqual(expected)
    expect(attributeTypeId('uniqueIdentifier')).toBe(UNIQUE_IDENTIFIER)
  })

  it('are printed alike, but for STREET and the ambiguous uid', () => {
    const expected = Array.from(types.values(), (name) =>
      name.replace(/^street$/, 'STREET').replace(/^uid$/, 'uniqueIdentifier'),
    )
    expect(Array.from(types.keys(), attributeTypeName)).toEqual(expected)
  })
})
