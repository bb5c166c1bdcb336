import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatPkcs12 } from '@countersign/dev-edge'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'
import { findProgram } from './find-program.ts'

const PASSWORD = 'countersign'

/** A certificate with its key, in PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

/** The browser of one client. */
export interface ClientBrowser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/**
 * Starts Chromium for one client.
 *
 * The browser has a home folder of its own. The key store in it (NSS) imports the client's `.p12` file and trusts the
 * edge's CA. Chromium itself does the handshake, and decides whether to present the certificate.
 *
 * @param origin - the edge's URL
 * @param serverCa - PEM of the CA that issued the edge's own certificate
 * @param client - `undefined` for a visitor without a certificate
 * @param options - further options of this browser, such as no JavaScript
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

/** Creates the key store that Chromium reads on Linux, `~/.pki/nssdb`. */
function createKeyStore(home: string, serverCa: string, client: Credentials | undefined): void {
  const folder = join(home, '.pki', 'nssdb')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const store = ['-d', `sql:${folder}`]
  certutil('-N', ...store, '--empty-password')
  certutil('-A', ...store, '-n', 'edge', '-t', 'C,,', '-i', write(home, 'edge-ca.pem', serverCa))
  if (!client) return
  const p12 = write(home, 'client.p12', formatPkcs12({ name: 'client', ...client }, PASSWORD))
  run(findProgram('pk12util', 'libnss3-tools'), '-i', p12, ...store, '-W', PASSWORD)
}

/**
 * Selects the certificate for the origin in advance, because a headless browser cannot ask.
 *
 * The policy AutoSelectCertificateForUrls sets the same preference, but for the whole machine.
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

function write(folder: string, name: string, data: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, data, { mode: 0o600 })
  return path
}
