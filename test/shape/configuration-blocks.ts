import { Ajv } from 'ajv'
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser'
import { parse as parseYaml } from 'yaml'
import { filesMatching, readText } from '../support/files.ts'
import { codeBlocks } from './markdown.ts'

/** A block of configuration in a document. */
export interface ConfigurationBlock {
  /** Its document and line, such as `docs/deploy.md:12`. */
  readonly place: string
  readonly language: string
  readonly text: string
}

/** Every block of a language in the documents. */
export function configurationBlocks(language: 'jsonc' | 'yaml'): ConfigurationBlock[] {
  return filesMatching('**/*.md').flatMap((path) =>
    codeBlocks(readText(path))
      .filter((block) => block.language === language)
      .map(({ code, line }) => ({ place: `${path}:${line}`, language, text: code })),
  )
}

const ajv = new Ajv({ strict: false, allErrors: true, logger: false })
const isWranglerConfiguration = ajv.compile(JSON.parse(readText('node_modules/wrangler/config-schema.json')))

/**
 * The faults of a `wrangler.jsonc`, or of a part of one in braces, by wrangler's own schema.
 *
 * @returns sentences, and an empty list for a configuration that wrangler accepts
 */
export function wranglerFaults(text: string): string[] {
  const errors: ParseError[] = []
  const configuration: unknown = parseJsonc(text, errors, { allowTrailingComma: true })
  if (errors.length > 0) return errors.map(({ error, offset }) => `${printParseErrorCode(error)} at ${offset}`)
  if (isWranglerConfiguration(configuration)) return []
  return (isWranglerConfiguration.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

/** The settings of `originRequest` in Cloudflare's documentation: "Origin configuration parameters". */
const ORIGIN_REQUEST = [
  ...['access', 'caPool', 'connectTimeout', 'disableChunkedEncoding', 'http2Origin', 'httpHostHeader'],
  ...['keepAliveConnections', 'keepAliveTimeout', 'matchSNItoHost', 'noHappyEyeballs', 'noTLSVerify'],
  ...['originServerName', 'proxyAddress', 'proxyPort', 'proxyType', 'tcpKeepAlive', 'tlsTimeout'],
]

/** The same for the whole file, and for one rule of `ingress`. */
const TUNNEL = ['tunnel', 'credentials-file', 'ingress', 'originRequest', 'warp-routing']
const RULE = ['hostname', 'path', 'service', 'originRequest']

interface TunnelConfiguration {
  readonly originRequest?: Readonly<Record<string, unknown>>
  readonly ingress?: readonly TunnelRule[]
}

interface TunnelRule {
  readonly hostname?: string
  readonly service?: string
  readonly originRequest?: Readonly<Record<string, unknown>>
}

/**
 * The faults of a configuration of `cloudflared` in front of an origin of Countersign.
 *
 * @returns sentences, and an empty list for a configuration that carries signed requests
 */
export function tunnelFaults(text: string): string[] {
  const configuration = parseYaml(text, { strict: true, uniqueKeys: true }) as TunnelConfiguration
  const { ingress = [], originRequest = {} } = configuration
  const last = ingress.at(-1)
  const every = [originRequest, ...ingress.map((rule) => rule.originRequest ?? {})]
  return [
    ...unknownKeys(configuration, TUNNEL, ''),
    ...ingress.flatMap((rule, at) => unknownKeys(rule, RULE, `ingress[${at}].`)),
    ...every.flatMap((settings) => unknownKeys(settings, ORIGIN_REQUEST, 'originRequest.')),
    ...('access' in originRequest ? ['originRequest.access is ignored at the top level'] : []),
    ...every.flatMap((settings) => ('httpHostHeader' in settings ? ['httpHostHeader replaces the signed Host'] : [])),
    ...ingress.filter(({ service }) => service === undefined).map(() => 'a rule has no service'),
    ...(last === undefined || 'hostname' in last || 'path' in last ? ['the last rule must match every request'] : []),
    ...every.flatMap(({ access }) => accessFaults(access)),
  ]
}

function accessFaults(access: unknown): string[] {
  if (access === undefined) return []
  const { required, teamName, audTag } = access as { required?: unknown; teamName?: unknown; audTag?: unknown }
  const isComplete = required === true && typeof teamName === 'string' && Array.isArray(audTag)
  return [
    ...unknownKeys(access, ['required', 'teamName', 'audTag'], 'access.'),
    ...(isComplete ? [] : ['access must have required: true, a teamName and a list audTag']),
  ]
}

function unknownKeys(value: unknown, known: readonly string[], prefix: string): string[] {
  return Object.keys(value as object)
    .filter((key) => !known.includes(key))
    .map((key) => `${prefix}${key} is unknown`)
}
