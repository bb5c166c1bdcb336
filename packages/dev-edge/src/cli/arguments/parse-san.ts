import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import type { SubjectAltNames } from '../../pki/issue-certificate.ts'

const KINDS = ['dns', 'email', 'uri', 'ip', 'upn'] as const
type Kind = (typeof KINDS)[number]

/** Adds one alternative name, such as `dns:pay.acme.example`, to the names before it. */
export function parseSan(text: string, before: SubjectAltNames = {}): SubjectAltNames {
  const at = text.indexOf(':')
  const kind = KINDS.find((known) => known === text.slice(0, Math.max(at, 0)))
  const value = text.slice(at + 1)
  if (!kind || !isValid(kind, value)) {
    throw new InvalidArgumentError(
      'Write dns:NAME, email:ADDRESS, uri:URI, ip:ADDRESS or upn:NAME@DOMAIN, all but the last in ASCII.',
    )
  }
  return { ...before, [kind]: [...(before[kind] ?? []), value] }
}

function isValid(kind: Kind, value: string): boolean {
  switch (kind) {
    case 'ip':
      return isIP(value) !== 0
    case 'uri':
      return URL.canParse(value) && isAscii(value)
    case 'email':
      return isAscii(value) && /^[^@]+@[^@]+$/.test(value)
    case 'dns':
      return isAscii(value)
    case 'upn':
      return /^[^@]+@[^@]+$/.test(value)
  }
}

/** A certificate contains these names as IA5String. */
function isAscii(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value)
}
