import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** One measured Worker. */
export interface WorkerContender {
  /** Its work on a request, for the table. */
  readonly does: string
  /** The source of its only module. */
  readonly module: string
  /** The kind of its signing key. */
  readonly signature: 'hmac' | 'ed25519' | 'none'
  readonly bindings: Readonly<Record<string, string>>
  /** A header that reaches the upstream only if the Worker did its work. */
  readonly leaves: string
}

/** The others are compared with these two. */
export const PASS_THROUGH = 'pass-through'
export const DOCUMENTED = "Cloudflare's documented script"

/** Does nothing, and so shows the cost of workerd itself. */
const PASS_THROUGH_MODULE = 'export default { fetch: (request) => fetch(request) }'

/** Builds every contender, by name. */
export function buildContenders(): Readonly<Record<string, WorkerContender>> {
  const ours = { module: bundleAsDeployed('src/index.ts'), leaves: 'signature' }
  return {
    [PASS_THROUGH]: {
      does: 'nothing',
      module: PASS_THROUGH_MODULE,
      signature: 'none',
      bindings: {},
      leaves: 'cf-access-jwt-assertion',
    },
    [DOCUMENTED]: {
      does: '9 headers',
      module: readFileSync(join(import.meta.dirname, 'documented.js'), 'utf8'),
      signature: 'none',
      bindings: {},
      leaves: 'x-cert-finger',
    },
    'Countersign, HMAC': { ...ours, does: 'strip, 18 headers, HMAC signature', signature: 'hmac', bindings: {} },
    'Countersign but for the signature': {
      does: 'strip, 18 headers',
      module: bundleAsDeployed('../../bench/worker/unsigned.ts'),
      signature: 'none',
      bindings: {},
      leaves: 'x-cert-finger',
    },
    'Countersign with the least signature': {
      does: 'strip, 18 headers, HMAC and two headers of constants',
      module: bundleAsDeployed('../../bench/worker/least-signature.ts'),
      signature: 'none',
      bindings: {},
      leaves: 'signature',
    },
    'Countersign, Ed25519': {
      ...ours,
      does: 'strip, 18 headers, Ed25519 signature',
      signature: 'ed25519',
      bindings: {},
    },
    'Countersign, HMAC, forwardCert: none': {
      ...ours,
      does: 'strip, 17 headers, HMAC signature',
      signature: 'hmac',
      bindings: { COUNTERSIGN_FORWARD_CERT: 'none' },
    },
  }
}

/**
 * Bundles a module as `wrangler deploy` would upload it.
 *
 * @param entry - a path from the Worker's package
 */
function bundleAsDeployed(entry: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  try {
    execFileSync(
      'wrangler',
      ['deploy', entry, '--config', 'wrangler.jsonc', '--dry-run', '--minify', '--outdir', folder],
      {
        cwd: join(import.meta.dirname, '../../packages/worker'),
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
      },
    )
    return readFileSync(join(folder, `${basename(entry, '.ts')}.js`), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
