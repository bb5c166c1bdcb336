import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@countersign/test-support/local-server'
import { ROOT } from '../support/files.ts'
import { createFreshProject } from './fresh-project.ts'
import { lineOf } from './line-of.ts'
import { publishWorkspace, startLocalRegistry } from './local-registry.ts'

/**
 * Installs the packed packages in a folder outside of the repository, with a Worker and a `wrangler.jsonc` of a user. Runs
 * `countersign dev` there and sends requests with a client certificate. Needs a build, and `curl`.
 *
 * @throws Error with the first answer that is wrong
 */
const run = promisify(execFile)
const LIBRARIES = ['@countersign/dev-edge', '@countersign/worker', '@countersign/origin-plugin', 'fastify@5']
const FILES = ['wrangler.jsonc', 'src/index.ts', 'server.ts']
const TOKEN = 'a-secret'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const children: ChildProcess[] = []
const registry = await startLocalRegistry()

/** Starts a program of the project, with variables of its own. */
function start(cwd: string, env: NodeJS.ProcessEnv, command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGINT')
  await closed
}

/** The status and the body of an answer. */
async function curl(url: string, ...args: string[]): Promise<[number, string]> {
  const options = ['--silent', '--cacert', '.countersign/edge-ca.pem', '--write-out', '%{stderr}%{http_code}']
  const { stdout, stderr } = await run('curl', [...options, ...args, url], { cwd: folder })
  return [Number(stderr), stdout]
}

try {
  await publishWorkspace(registry)
  const files = Object.fromEntries(
    FILES.map((path) => [path, readFileSync(join(ROOT, 'test/release/own-worker', path), 'utf8')]),
  )
  await createFreshProject(registry, 'npm', folder, LIBRARIES, {
    ...files,
    '.dev.vars': `API_TOKEN=${TOKEN}`,
  })
  const port = await freePort()
  const flags = ['--origin', `http://127.0.0.1:${port}`, '--port', '0', '--access-port', '0', '--json']
  const command = join(folder, 'node_modules/.bin/countersign')
  const dev = start(folder, {}, command, 'dev', ...flags, '--worker', 'src/index.ts')
  const { url } = JSON.parse(await lineOf(dev, /"started"/))
  const fromEdge = '--env-file=.countersign/origin.env'
  const server = start(folder, { PORT: String(port) }, process.execPath, fromEdge, 'server.ts')
  await lineOf(server, /listening/)
  const alice = ['--cert', '.countersign/clients/alice.pem', '--key', '.countersign/clients/alice-key.pem']
  const [status, body] = await curl(`${url}/me`, ...alice)
  const token = createHash('sha256').update(TOKEN).digest('hex')
  assert.deepEqual([status, JSON.parse(body)], [200, { name: 'alice', region: 'eu', token }])
  const [refused, reason] = await curl(`${url}/me`)
  assert.deepEqual([refused, JSON.parse(reason).code], [401, 'CSN_CERT_MISSING'])
  const [fault, text] = await curl(`${url}/fault`, ...alice)
  assert.equal(fault, 500)
  assert.match(text, /^Result {3}The Worker threw RangeError: a fault in eu$/m)
  console.log(
    'a Worker with a variable, a secret and a flag: 200 for alice, 401 without a certificate, 500 for a fault',
  )

  const staging = [...flags, '--config', 'wrangler.jsonc', '--env', 'staging', '--folder', 'staging']
  const wrong = await run(command, ['dev', ...staging], { cwd: folder }).catch((error) => error)
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /lacks: kv_namespaces \(SESSIONS\); write --without kv_namespaces/)
  console.log('a binding that the edge lacks: exit code 1')
} finally {
  await Promise.all(children.map(stop))
  await registry.close()
  rmSync(folder, { recursive: true, force: true })
}
