import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'
import { findProgram } from './find-program.ts'

/** A certificate with its key, in PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

/** A browser of one person. */
export interface ClientBrowser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/**
 * Starts Chromium for one person: with a home of its own, in which its key store (NSS) holds the client's certificate
 * and trusts the edge's CA. The handshake is Chromium's, as is the choice whether to show the certificate.
 *
 * @param origin - the edge's URL
 * @param serverCa - PEM of the CA behind the edge's own certificate
 * @param client - nothing for a visitor without a certificate
 * @param options - what else is particular to this visitor, such as no JavaScript
 */
export async function startClientBrowser(
  origin: string,
  serverCa: string,
  client: Credentials | undefined,
  options: BrowserContextOptions = {},
): Promise<ClientBrowser> {
  const executablePath = findProgram('chromium', 'chromium')
  const home = mkdtempSync(join(tmpdir(), 'countersign-browser-'))
  const profile = join(home, 'profile')
  try {
    createKeyStore(home, serverCa, client)
    presentToOrigin(profile, origin)
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      env: { ...process.env, HOME: home },
      // Chromium's sandbox does not run as root, as which a CI container runs.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      ...options,
    })
    return {
      context,
      async close() {
        await context.close()
        rmSync(home, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/** Where Chromium looks for keys on Linux: `~/.pki/nssdb`. */
function createKeyStore(home: string, serverCa: string, client: Credentials | undefined): void {
  const folder = join(home, '.pki', 'nssdb')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const store = ['-d', `sql:${folder}`]
  certutil('-N', ...store, '--empty-password')
  certutil('-A', ...store, '-n', 'edge', '-t', 'C,,', '-i', write(home, 'edge-ca.pem', serverCa))
  if (!client) return
  const pem = write(home, 'client.pem', client.cert + client.key)
  const p12 = join(home, 'client.p12')
  run('openssl', 'pkcs12', '-export', '-in', pem, '-out', p12, '-passout', 'pass:', '-name', 'client')
  run(findProgram('pk12util', 'libnss3-tools'), '-i', p12, ...store, '-W', '')
}

/**
 * Says ahead which certificate to show, since a headless browser cannot ask. It is what the policy
 * AutoSelectCertificateForUrls sets; here for this profile alone, where the policy would be for the machine.
 */
function presentToOrigin(profile: string, origin: string): void {
  const rule = JSON.stringify({ pattern: origin, filter: {} })
  mkdirSync(join(profile, 'Default'), { recursive: true })
  const preferences = { profile: { managed_auto_select_certificate_for_urls: [rule] } }
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
}

function certutil(...args: string[]): void {
  run(findProgram('certutil', 'libnss3-tools'), ...args)
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
