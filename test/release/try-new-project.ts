import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { freePort } from '@countersign/test-support/local-server'
import { lineOf } from './line-of.ts'
import { publishWorkspace, startLocalRegistry } from './local-registry.ts'

/**
 * Makes a project with `npx create-countersign` from a local registry, as a user of npm does, in a folder outside of the
 * repository. Then installs it, runs each of its scripts, and sends requests with and without a client certificate. Needs
 * a build, `openssl` and `curl`. Prints the time of each step.
 */
const run = promisify(execFile)
const root = mkdtempSync(join(tmpdir(), 'countersign-'))
const project = join(root, 'my-app')
const children: ChildProcess[] = []
const registry = await startLocalRegistry()
const env = { ...registry.env, npm_config_cache: await ownCache() }

async function step<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
  const start = performance.now()
  const result = await action()
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${name}`)
  return result
}

/** The output of a command, in the project unless it is still to be made. */
const output = async (cwd: string, command: string, ...args: string[]) =>
  (await run(command, args, { cwd, env })).stdout

/** Starts a script of the project in a group of its own, with the shell and the process that npm starts. */
function start(script: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: project,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  children.push(child)
  return child
}

async function curl(url: string, status: number, ...args: string[]): Promise<string> {
  const format = '%{stderr}%{http_code}'
  const { stdout, stderr } = await run('curl', ['--silent', '--write-out', format, ...args, url], { cwd: project })
  if (stderr !== String(status)) throw new Error(`${url} answered ${stderr}, and not ${status}: ${stdout}`)
  return stdout
}

try {
  await step('publish to the local registry', () => publishWorkspace(registry))
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca-key.pem',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=Acme CA',
      '-days',
      '30',
    ],
    { cwd: root, stdio: 'ignore' },
  )
  const flags = ['--hostname', 'app.example.com', '--team', 'acme', '--audience', 'a'.repeat(64), '--ca', 'ca.pem']
  await step('npx create-countersign', () =>
    output(root, 'npx', '--yes', 'create-countersign', 'my-app', '--yes', ...flags, '--algorithm', 'ed25519'),
  )
  await step('npm install', () => output(project, 'npm', 'install', '--no-audit', '--no-fund'))
  await step('npm run check', () => output(project, 'npm', 'run', 'check'))
  const tests = await step('npm test', () => output(project, 'npm', 'test'))
  if (!/^. pass 5$/m.test(tests)) throw new Error(`not every test passed:\n${tests}`)
  const upload = await step('npm run deploy, without the upload', () =>
    output(project, 'npm', 'run', 'deploy', '--', '--dry-run'),
  )
  if (!upload.includes('env.COUNTERSIGN_KEY')) throw new Error(`the Worker has no key:\n${upload}`)

  const port = await freePort()
  const url = await step('npm run dev', async () => {
    const options = ['--origin', `http://127.0.0.1:${port}`, '--port', '0', '--access-port', '0', '--json']
    return JSON.parse(await lineOf(start('dev', options), /"started"/)).url as string
  })
  await step('npm run start:local', () => lineOf(start('start:local', [], { PORT: String(port) }), /Server listening/))
  await step('curl', async () => {
    const ca = ['--cacert', '.countersign/edge-ca.pem']
    const client = (name: string) => [
      '--cert',
      `.countersign/clients/${name}.pem`,
      '--key',
      `.countersign/clients/${name}-key.pem`,
    ]
    await curl(`${url}/ops`, 200, ...ca, ...client('alice'))
    await curl(`${url}/ops`, 403, ...ca, ...client('bob'))
    await curl(`${url}/me`, 401, ...ca)
    await curl(`http://127.0.0.1:${port}/me`, 401, '--header', 'X-CERT-VERIFY: SUCCESS')
  })
  // It ends with 1, and the error has its report, if a check finds a fault.
  await step('countersign doctor', async () => {
    const edgeFile = readFileSync(join(project, '.countersign/origin.env'), 'utf8')
    const { ACCESS_ISSUER = '', ACCESS_JWKS_URI = '', ACCESS_AUDIENCE = '' } = parseEnv(edgeFile)
    const origin = ['--origin', `http://127.0.0.1:${port}/me`, '--edge', `${url}/me`]
    const access = ['--issuer', ACCESS_ISSUER, '--jwks', ACCESS_JWKS_URI, '--audience', ACCESS_AUDIENCE]
    const alice = '.countersign/clients/alice'
    const client = ['--client', `${alice}.pem`, '--client-key', `${alice}-key.pem`]
    await output(project, 'npm', 'exec', '--', 'countersign', 'doctor', ...origin, ...access, ...client)
  })
  const again = await step('a second run', () =>
    output(project, 'npm', 'exec', '--', 'countersign', 'init', '--json', '--yes', ...flags.with(-1, 'client-ca.pem')),
  )
  const { written } = JSON.parse(again)
  if (written.length > 0) throw new Error(`a second run wrote ${written.join(', ')}`)
  console.log(
    `installed: ${Object.keys(JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages).length} packages`,
  )
} finally {
  await Promise.all(children.map(stop))
  await registry.close()
  rmSync(root, { recursive: true, force: true })
}

/**
 * A cache of npm with the tarballs of the user's, and without the programs that npx keeps: npx would run an earlier build
 * of the same version.
 */
async function ownCache(): Promise<string> {
  const tarballs = join((await run('npm', ['config', 'get', 'cache'])).stdout.trim(), '_cacache')
  const cache = join(root, 'cache')
  for (const folder of [tarballs, cache]) mkdirSync(folder, { recursive: true })
  symlinkSync(tarballs, join(cache, '_cacache'))
  return cache
}

/** Ends the group of a script. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const closed = once(child, 'close')
  process.kill(-child.pid, 'SIGTERM')
  await closed
}
