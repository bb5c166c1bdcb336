import { type ResolvedAccess, resolveAccess } from './access-token/access-options.ts'
import { readTrustedCert, type TrustedCert } from './certificate/read-trusted-cert.ts'
import { type CompiledIssuer, compileTrustedIssuers } from './certificate/trusted-issuers.ts'
import { type CertificateCache, createCertificateCache, MAX_CERTIFICATES } from './client-memory.ts'
import { type EdgeVerifier, resolveEdge } from './edge-signature/edge-options.ts'
import { createGuardCompiler, type GuardCompiler } from './guards/compile-guard.ts'
import type { Requirement } from './guards/requirement.ts'
import { checkKnown, checkObject } from './lib/check-option.ts'

/** The options, checked and compiled. */
export interface Settings {
  readonly edge: EdgeVerifier | null
  readonly access: ResolvedAccess | null
  readonly trustedIssuers: readonly CompiledIssuer[] | null
  /** Certificates that were parsed, each with the trusted issuers that have signed it. */
  readonly certificates: CertificateCache<TrustedCert>
  readonly guards: GuardCompiler
}

/** Fastify's own options of `register`, which it hands to the plugin too. */
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers']

/**
 * Checks every option and compiles it to what a request needs.
 *
 * @param warn - told of what goes wrong later, outside of any request
 * @throws TypeError with a sentence that says what to write
 */
export function resolveOptions(options: unknown, warn: (reason: string) => void): Settings {
  const given = checkObject(options, 'the options')
  for (const name of ['edge', 'access', 'trustedIssuers']) {
    if (given[name] === undefined) {
      throw new TypeError(`${name} is not said: write ${name}: { … }, or ${name}: null to do without`)
    }
  }
  checkKnown(given, ['edge', 'access', 'trustedIssuers', 'policies'], 'the options', FASTIFY_OPTIONS)
  if (given.edge === null && given.access === null) {
    throw new TypeError(
      'edge and access are both null: nothing would prove that a request came through Cloudflare. Write at least one',
    )
  }
  const trustedIssuers = compileTrustedIssuers(given.trustedIssuers, warn)
  return {
    edge: given.edge === null ? null : resolveEdge(checkObject(given.edge, 'edge'), warn),
    access: given.access === null ? null : resolveAccess(checkObject(given.access, 'access'), warn),
    trustedIssuers,
    certificates: createCertificateCache((fields) => readTrustedCert(fields, trustedIssuers), MAX_CERTIFICATES),
    guards: createGuardCompiler(
      checkObject(given.policies === undefined ? {} : given.policies, 'policies') as Record<string, Requirement>,
      given.access !== null,
    ),
  }
}
