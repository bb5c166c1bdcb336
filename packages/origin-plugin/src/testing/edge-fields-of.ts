import { EdgeFields, slotOf } from '../edge-fields.ts'

/** Fields as if they had been read from these header lines. */
export function edgeFieldsOf(entries: Iterable<readonly [name: string, value: string]>): EdgeFields {
  const fields = new EdgeFields()
  for (const [name, value] of entries) {
    const slot = slotOf(name)
    if (slot === undefined) throw new TypeError(`${name} is not a field of the edge`)
    fields.values[slot] = value
  }
  return fields
}
