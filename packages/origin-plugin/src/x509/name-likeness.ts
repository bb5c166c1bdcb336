import { attributeTypeId } from '@countersign/wire'
import type { DistinguishedName } from './distinguished-name.ts'
import { foldText } from './text/fold-text.ts'

/**
 * Returns a coarse key of a name: equal for names with the same attributes in any order, in any RDNs, and with values
 * that differ only as {@link foldText} describes. Equal keys are a reason for doubt: the names are probably the same
 * name in two spellings, but they are not equal.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-7.1 RFC 5280, section 7.1}
 */
export function likenessKey(name: DistinguishedName): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  const attributes = name.rdns.flat().map(({ type, value }) => {
    return JSON.stringify([attributeTypeId(type), typeof value === 'string' ? foldText(value) : [...value]])
  })
  const key = JSON.stringify(attributes.sort())
  keys.set(name, key)
  return key
}

/** Requests share a name, and a guard compares it for each. */
const keys = new WeakMap<DistinguishedName, string>()
