import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import { checkPluginOptions } from '@countersign/origin-plugin/explain'
import type { SignatureAlgorithm } from '@countersign/wire'
import { createEdgeKey } from '../pki/edge-key.ts'

/** The values of a new project, checked. */
export interface ProjectValues {
  /** The hostname at Cloudflare, in lower case. */
  readonly hostname: string
  /** The Access application in front of the hostname; `null` for a hostname without Access (API Shield). */
  readonly access: ProjectAccess | null
  /** The PEM of the CA that signs the clients' certificates, or of several. */
  readonly ca: string
  readonly algorithm: SignatureAlgorithm
}

/** An Access application. */
export interface ProjectAccess {
  /** The `acme` of `acme.cloudflareaccess.com`. */
  readonly team: string
  /** The Audience (AUD) tag. */
  readonly audience: string
}

/** One name below a zone, as the pattern of a Worker's route contains it. */
const ROUTED = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.[a-z0-9-]*[a-z][a-z0-9-]*$/

/**
 * Parses the hostname.
 *
 * @throws TypeError of the plugin for `edge.hosts`, or for a host that a route of a Worker cannot have
 */
export function parseRoutedHost(text: string): string {
  if (text === '') throw new TypeError('hostname is missing; write a name such as app.example.com')
  // The plugin splits a text at commas.
  check({ edge: { keys: [createEdgeKey()], hosts: [text] } })
  const hostname = text.toLowerCase()
  if (ROUTED.test(hostname) && hostname.length <= 253) return hostname
  throw new TypeError('edge.hosts must be one name below a zone of Cloudflare, without a port, such as app.example.com')
}

/** Parses the name of the team. Throws the TypeError of the plugin for `access.team`. */
export function parseTeam(text: string): string {
  check({ access: { team: text, audience: '0'.repeat(64) } })
  return text
}

/** Parses the audience tag. Throws the TypeError of the plugin for `access.audience`. */
export function parseAudience(text: string): string {
  check({ access: { team: 'acme', audience: text } })
  return text
}

/** Checks the text of a CA. Throws the TypeError of the plugin for `trustedIssuers`. */
export function parseCaText(pem: string): string {
  check({ trustedIssuers: [pem] })
  return pem
}

/** Lets the plugin check one option, next to others that are right. */
function check(given: Partial<CountersignPluginOptions>): void {
  const edge = { keys: [createEdgeKey()], hosts: ['app.example.com'] }
  checkPluginOptions({ edge, access: null, trustedIssuers: null, ...given })
}

/**
 * Names the values of a project in an error of the plugin, which names its own options.
 *
 * @param message - the error of one of the functions above
 */
export function nameValues(message: string): string {
  return message
    .replace(/^edge\.hosts/, 'hostname')
    .replace(/^access\.(team|audience)/, '$1')
    .replace(/^trustedIssuers\[0\]/, 'ca')
    .replace(/; read it with readFileSync\(path, "utf8"\).*/, '; write the path of a file in PEM')
}
