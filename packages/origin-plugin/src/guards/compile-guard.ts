import { askOperator, requireSynchronous } from '../lib/operator-function.ts'
import { compileCertificateRequirement, findCertificateProperty } from './certificate-guard.ts'
import {
  ANY_VERIFIED,
  allGuards,
  anyGuard,
  type Guard,
  MATCH,
  mismatch,
  notGuard,
  type RouteGuard,
  undecided,
} from './guard.ts'
import { isPlainObject } from './read-properties.ts'
import {
  allOf,
  anyOf,
  Combination,
  type GuardFunction,
  not,
  OptionalRequirement,
  optional,
  type Requirement,
} from './requirement.ts'

/** Compiles requirements. It knows the named policies. */
export interface GuardCompiler {
  /**
   * @param requirement - as configured, not yet checked
   * @param where - its path (`policies.ops`, `GET /ops: config.clientCert`), for error messages
   * @throws TypeError whose message states the correction
   */
  compile(requirement: unknown, where: string): Guard
  /** As {@link GuardCompiler.compile}, for the requirement of a route, which can be optional. */
  compileRoute(requirement: unknown, where: string): RouteGuard
}

/**
 * Makes the compiler. It compiles every policy immediately, so that a mistake in an unused policy is reported too.
 *
 * @param policies - requirements by name; a policy may refer to others
 * @param hasAccess - whether requests have an Access identity
 * @param hasCertificate - whether requests can contain the certificate itself
 * @throws TypeError whose message states the correction
 */
export function createGuardCompiler(
  policies: Readonly<Record<string, Requirement>>,
  hasAccess = true,
  hasCertificate = true,
): GuardCompiler {
  const compiled = new Map<string, Guard>()
  const underWay = new Set<string>()

  function compile(requirement: unknown, where: string): Guard {
    if (requirement === true) return ANY_VERIFIED
    if (typeof requirement === 'string') return policy(requirement, where)
    requireCalled(requirement, where)
    if (typeof requirement === 'function') return functionGuard(requirement as GuardFunction, where)
    if (requirement instanceof Combination) return combine(requirement, where)
    if (requirement instanceof OptionalRequirement) {
      throw new TypeError(
        `${where}: optional() must be around the whole requirement of a route, in its config or in a rule of the option routes; write config: { clientCert: optional(…) }`,
      )
    }
    if (typeof requirement === 'object' && requirement !== null && !Array.isArray(requirement)) {
      if (!hasAccess && 'access' in requirement) {
        throw new TypeError(
          `${where} requires \`access\`, but the plugin is registered with access: null, so no request can match; remove it, or configure access`,
        )
      }
      const property = hasCertificate ? undefined : findCertificateProperty(requirement)
      if (property !== undefined) {
        throw new TypeError(
          `${where} requires \`${property}\`, which only the certificate itself contains, but source: "cf-cert" does not send it, so no request can match; remove it, or use source: "rfc9440"`,
        )
      }
      return compileCertificateRequirement(requirement, where)
    }
    if (Array.isArray(requirement)) {
      throw new TypeError(`${where}: the requirement is a list; write anyOf(…) or allOf(…) with its elements`)
    }
    const fault = requirement === undefined ? 'is undefined; it must' : 'must'
    throw new TypeError(
      `${where}: the requirement ${fault} be true, the name of a policy, a requirement such as { subject: { OU: "Ops" } }, or a function; for a public route write clientCert: false`,
    )
  }

  function combine({ operator, requirements }: Combination, where: string): Guard {
    if (requirements.length === 0)
      throw new TypeError(`${where}: ${operator}() is empty; write at least one requirement`)
    const guards = requirements.map((requirement) => compile(requirement, `${where} ${operator}`))
    switch (operator) {
      case 'allOf':
        return allGuards(guards)
      case 'anyOf':
        return anyGuard(guards)
      case 'not':
        return notGuard(allGuards(guards))
    }
  }

  function policy(name: string, where: string): Guard {
    const done = compiled.get(name)
    if (done) return done
    if (!Object.hasOwn(policies, name)) {
      throw new TypeError(
        `${where}: unknown policy "${name}"; known policies are ${Object.keys(policies).join(', ') || 'none'}`,
      )
    }
    if (underWay.has(name)) throw new TypeError(`policies.${name} refers to itself`)
    underWay.add(name)
    const guard = { ...compile(policies[name], `policies.${name}`), description: `policy ${name}` }
    underWay.delete(name)
    compiled.set(name, guard)
    return guard
  }

  for (const name of Object.keys(policies)) {
    policy(name, 'policies')
    freeze(policies[name])
  }

  function compileFinally(requirement: unknown, where: string): Guard {
    const guard = compile(requirement, where)
    freeze(requirement)
    return guard
  }

  return {
    compile: compileFinally,
    compileRoute(requirement, where) {
      if (!(requirement instanceof OptionalRequirement)) return compileFinally(requirement, where)
      const guard = compileFinally(requirement.requirement, `${where} optional`)
      return { ...guard, description: `no certificate, or ${guard.description}`, optional: true }
    },
  }
}

/**
 * Freezes a compiled requirement with its lists. The guard would not notice a later change: a certificate that is added
 * to a list of banned ones would still get in. A frozen list throws.
 */
function freeze(requirement: unknown): void {
  if (!Array.isArray(requirement) && !isPlainObject(requirement) && !(requirement instanceof Combination)) return
  for (const part of Object.values(requirement)) freeze(part)
  Object.freeze(requirement)
}

/** A combinator without a call is a function like any guard, and would refuse each request. */
function requireCalled(requirement: unknown, where: string): void {
  const uncalled = [allOf, anyOf, not, optional].find((combine) => combine === requirement)
  if (uncalled === undefined) return
  throw new TypeError(`${where}: the requirement is ${uncalled.name} itself; call it: ${uncalled.name}(…)`)
}

function functionGuard(decideOwn: GuardFunction, where: string): Guard {
  requireSynchronous(decideOwn, `${where}: a guard`)
  const description = `function ${decideOwn.name || '(anonymous)'}`
  const other = mismatch(`${description} did not return true`)
  const doubt = undecided(`${description} did not return a boolean; a guard must be synchronous`)
  return {
    description,
    decide(cert, request) {
      const answer = askOperator(() => decideOwn(cert, request))
      if (typeof answer === 'string') return undecided(`${description} ${answer}`)
      if (answer === undefined) return doubt
      return answer ? MATCH : other
    },
  }
}
