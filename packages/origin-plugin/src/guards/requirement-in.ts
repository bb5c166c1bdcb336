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

const NAME = 'clientCert'

/** Whether a name is not `clientCert` and could be meant so: `clientCertificate`, `client_cert`, `requireClientCert`. */
function isMisspelt(name: string): boolean {
  if (name === NAME) return false
  const letters = name.toLowerCase().replaceAll(/[^a-z]/g, '')
  return letters.includes('clientcert') || isOneSlipFrom(letters, 'clientcert')
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
