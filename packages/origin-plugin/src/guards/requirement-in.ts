import { MODES, type Mode } from './route-rules.ts'

/** The requirement of a config, if it has one. */
export interface OwnRequirement {
  readonly present: boolean
  readonly requirement: unknown
}

const NONE: OwnRequirement = { present: false, requirement: undefined }

/**
 * Reads the requirement in the config of a route.
 *
 * An explicit `undefined` is present, for the compiler to refuse: it is a mistake, such as an unset variable.
 *
 * @param where - the route, for error messages
 * @throws TypeError for an inherited or misspelt `clientCert`, which Fastify would not copy or nobody would enforce
 */
export function requirementIn(config: object | null | undefined, where: string): OwnRequirement {
  if (config === null || config === undefined) return NONE
  const misspelt = Object.keys(config).find(isMisspelt)
  if (misspelt !== undefined) {
    throw new TypeError(`${where}: unknown option config.${misspelt}; write config.clientCert`)
  }
  if (Object.hasOwn(config, 'clientCert')) {
    return { present: true, requirement: (config as { readonly clientCert?: unknown }).clientCert }
  }
  if ('clientCert' in config) {
    throw new TypeError(`${where}: config inherits clientCert; write it as a property of config itself`)
  }
  return NONE
}

/**
 * Refuses a requirement next to `config`, where Fastify does not pass it on.
 *
 * @throws TypeError for a property of the route that is `clientCert`, or could be meant so
 */
export function requireSpelling(route: object, where: string): void {
  const stray = Object.keys(route).find((key) => key === NAME || isMisspelt(key))
  if (stray !== undefined) {
    throw new TypeError(`${where}: unknown option ${stray}; write config: { clientCert: … }`)
  }
}

/**
 * Refuses the option `mode` of a rule where nothing enforces it: in the config of a route, or next to it.
 *
 * Another plugin can own the name, so other values pass, and so does the mode that the route has. A rule with a mode
 * for the route tells the two apart. Do not call this with such a rule, or for a public route.
 *
 * @param actual - the mode of the route
 * @throws TypeError whose message states the rule to write
 */
export function refuseOwnMode(
  route: { readonly url: string; readonly config?: object },
  actual: Mode,
  where: string,
): void {
  for (const [name, owner] of [
    ['config.mode', route.config],
    ['mode', route],
  ] as const) {
    const value = (owner as { readonly mode?: unknown } | undefined)?.mode
    const other = MODES.find((mode) => mode === value && mode !== actual)
    if (other === undefined) continue
    throw new TypeError(
      `${where}: ${name} has no effect on countersign, and the mode of the route is "${actual}"; write routes: [{ url: "${route.url}", mode: "${other}" }] in the options of the plugin, or with mode: "${actual}" if ${name} is that of another plugin`,
    )
  }
}

const NAME = 'clientCert'

/**
 * Whether a name is not `clientCert` and could be meant so: `clientCertificate`, `client_cert`, `requireClientCert`, and the
 * name of this package.
 */
function isMisspelt(name: string): boolean {
  if (name === NAME) return false
  const letters = name.toLowerCase().replaceAll(/[^a-z]/g, '')
  return letters.includes('clientcert') || letters.includes('countersign') || isOneSlipFrom(letters, 'clientcert')
}

/** Whether one letter is wrong, missing or too many, or two neighbours are exchanged. */
function isOneSlipFrom(name: string, wanted: string): boolean {
  if (Math.abs(name.length - wanted.length) > 1) return false
  let from = 0
  while (from < name.length && name[from] === wanted[from]) from++
  const [nameRest, wantedRest] = [name.slice(from), wanted.slice(from)]
  return (
    nameRest.slice(1) === wantedRest.slice(1) ||
    nameRest.slice(1) === wantedRest ||
    nameRest === wantedRest.slice(1) ||
    (nameRest[0] === wantedRest[1] && nameRest[1] === wantedRest[0] && nameRest.slice(2) === wantedRest.slice(2))
  )
}
