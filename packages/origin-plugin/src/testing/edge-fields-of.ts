import { COVERED_FIELDS, type CoveredField } from '@countersign/wire'
import { slotOf } from '../header-index.ts'
import { EdgeFields } from '../read-headers.ts'

/** Fields as if they had been read from these header lines. */
export function edgeFieldsOf(entries: Iterable<readonly [name: string, value: string]>): EdgeFields {
  const fields = new EdgeFields()
  for (const [name, value] of entries) {
    if (!COVERED_FIELDS.some((field) => field === name)) throw new TypeError(`${name} is not a field of the edge`)
    fields.values[slotOf(name as CoveredField)] = value
  }
  return fields
}
