import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFreePort } from '@countersign/test-support/local-server'
import { ROOT } from '../support/files.ts'
import { packPackages } from '../support/pack-packages.ts'
import { npmrcOf, publishTarballs, registryOf } from './publish-tarballs.ts'

/** The names that only this registry has. It never asks another registry for them. */
const OWN_NAMES = ['@countersign/*', 'create-countersign']

/** A registry on 127.0.0.1 in the place of npm's. It has our packages, and passes on every other name. */
export interface LocalRegistry {
  /** With a slash at its end. */
  readonly url: string
  /** The text of an `.npmrc` with which npm and pnpm use this registry, and may publish to it. */
  readonly npmrc: string
  /** The environment with which npm, npx and pnpm use this registry in each folder, and may publish to it. */
  readonly env: NodeJS.ProcessEnv
  /** Publishes tarballs as the workflow `release` does, but without provenance. Returns the published versions. */
  publish(tarballs: readonly string[]): Promise<string[]>
  /** Ends the process, and removes the folder with the packages. */
  close(): Promise<void>
}

/**
 * Starts a registry with nothing in it.
 * Other names than ours come from the registry that npm has in its configuration.
 *
 * @throws Error if the process ends before it listens
 * @example
 * const registry = await startLocalRegistry()
 * await publishWorkspace(registry)
 * await run('npm', ['install', '@countersign/origin-plugin'], { cwd, env: registry.env })
 * await registry.close()
 */
export async function startLocalRegistry(): Promise<LocalRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-registry-'))
  const uplink = await registryOf(process.env)
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify(configuration(folder, uplink)))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const { child, url } = await onFreePort(async (port) => ({
    child: await startProcess(config, port),
    url: `http://127.0.0.1:${port}/`,
  })).catch((error) => {
    remove()
    throw error
  })
  const npmrc = npmrcOf(url, 'local')
  const userconfig = join(folder, '.npmrc')
  writeFileSync(userconfig, npmrc)
  const env = { ...process.env, npm_config_userconfig: userconfig, npm_config_registry: url }
  return {
    url,
    npmrc,
    env,
    // Only a workflow can prove from which source it built.
    publish: (tarballs) => publishTarballs(tarballs, env, ['--provenance=false']),
    async close() {
      // A process that has ended already emits no second exit.
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill()
      await ended
      remove()
    },
  }
}

/** Packs the published packages with their present version, and publishes them. Needs a build, and pnpm in the path. */
export async function publishWorkspace(registry: LocalRegistry): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  try {
    return await registry.publish(packPackages(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Each request may publish: the registry has no other user, and no other machine reaches it. */
function configuration(folder: string, uplink: string): object {
  const everyone = { access: '$all', publish: '$all', unpublish: '$all' }
  return {
    storage: join(folder, 'storage'),
    uplinks: { npm: { url: uplink, timeout: '60s', max_fails: 100 } },
    packages: {
      ...Object.fromEntries(OWN_NAMES.map((name) => [name, everyone])),
      '**': { access: '$all', proxy: 'npm' },
    },
    web: { enable: false },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  }
}

async function startProcess(config: string, port: number): Promise<ChildProcess> {
  const verdaccio = join(ROOT, 'test/node_modules/verdaccio/bin/verdaccio')
  const child = fork(verdaccio, ['--config', config, '--listen', `127.0.0.1:${port}`], { silent: true })
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (output += chunk))
  const started = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true)).once('exit', () => resolve(false))
  })
  if (await started) return child
  throw Object.assign(new Error(`the local registry did not start: ${output}`), {
    code: output.includes('EADDRINUSE') ? 'EADDRINUSE' : undefined,
  })
}
