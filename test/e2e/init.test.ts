import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { freePort } from '@countersign/test-support/local-server'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runHere, startCountersignDev } from '../../packages/dev-edge/test/support/command.ts'
import { ROOT } from '../support/files.ts'

const run = promisify(execFile)

/** The project stands outside of the repository, with links to the packages in place of an installation. */
const root = mkdtempSync(join(tmpdir(), 'countersign-'))
const project = join(root, 'new-app')
const app = join(root, 'app')
const withoutAccess = join(root, 'without-access')
afterAll(() => rmSync(root, { recursive: true }))

const FLAGS = ['--hostname', 'app.example.com', '--team', 'acme', '--audience', 'a'.repeat(64)]

beforeAll(async () => {
  // The local edge makes a CA: its folder stays, and the server in front of it gets the CA from there.
  expect((await runHere('cert', 'first', '--folder', join(root, '.countersign'))).code).toBe(0)
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  const flags = [...FLAGS, '--ca', join(root, '.countersign/client-ca.pem')]
  expect((await runHere('init', project, ...flags)).code).toBe(0)
  await run(process.execPath, [join(ROOT, 'packages/create-countersign/src/create-countersign.ts'), app, ...flags])
  const noAccess = ['--hostname', 'app.example.com', '--no-access', '--ca', join(root, '.countersign/client-ca.pem')]
  expect((await runHere('init', withoutAccess, ...noAccess)).code).toBe(0)
  for (const folder of [project, app, withoutAccess]) {
    linkPackages(folder)
    cpSync(join(root, '.countersign'), join(folder, '.countersign'), { recursive: true })
  }
})

function linkPackages(folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@countersign'), { recursive: true })
  mkdirSync(join(modules, '@types'))
  for (const name of ['dev-edge', 'origin-plugin', 'worker']) {
    symlinkSync(join(ROOT, 'packages', name), join(modules, '@countersign', name))
  }
  symlinkSync(join(ROOT, 'packages/dev-edge/node_modules/fastify'), join(modules, 'fastify'))
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(modules, '@types/node'))
}

/** Starts the local edge with the project's own Worker, and its server. Returns the URL of the edge. */
async function startProject(folder: string): Promise<string> {
  const port = await freePort()
  const ports = ['--origin', `http://127.0.0.1:${port}`, '--port', '0', '--access-port', '0']
  const dev = startCountersignDev(folder, ...ports, '--worker', 'worker/worker.ts', '--json')
  onTestFinished(async () => {
    await dev.stop()
  })
  const { url } = JSON.parse(await dev.line(/"started"/))
  await startServer(port, folder)
  return url
}

/** Starts the server of the project, as its script `start:local` does. Stops it at the end of the test. */
async function startServer(port: number, folder: string): Promise<void> {
  const server = spawn(process.execPath, ['--watch', '--env-file-if-exists=.countersign/origin.env', 'server.ts'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(server, 'close')
  onTestFinished(async () => {
    server.kill()
    await closed
  })
  for await (const chunk of server.stdout) if (String(chunk).includes('Server listening')) return
  throw new Error('the server ended')
}

/** Runs the script `test` of the project with this Node. */
function npmTest(folder: string, env: NodeJS.ProcessEnv = {}) {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const script = String(scripts.test).replace('node', `"${process.execPath}"`)
  return run(script, { cwd: folder, env: { ...process.env, ...env }, shell: true })
}

function get(url: string, name?: string): Promise<unknown> {
  const file = (path: string) => readFileSync(join(project, '.countersign', path))
  const client = name && { cert: file(`clients/${name}.pem`), key: file(`clients/${name}-key.pem`) }
  return new Promise((resolve, reject) => {
    request(url, { ca: file('edge-ca.pem'), ...client, agent: false }, async (response) => {
      resolve([response.statusCode, await json(response)])
    })
      .on('error', reject)
      .end()
  })
}

describe('the project of countersign init', () => {
  it.each(['new-app', 'without-access'])('passes its type check: %s', async (name) => {
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['--project', join(root, name)])
  })

  it.each(['new-app', 'without-access'])('passes its test: %s', async (name) => {
    const { stdout } = await npmTest(join(root, name))
    expect(stdout).toMatch(/^. tests 5\n(?:.*\n)*. pass 5$/m)
  })

  it('fails its test under a Node that runs no TypeScript', async () => {
    const failed = npmTest(project, { NODE_OPTIONS: '--no-experimental-strip-types' })
    await expect(failed).rejects.toMatchObject({ stdout: expect.stringContaining('ERR_UNKNOWN_FILE_EXTENSION') })
  })

  it('runs behind countersign dev, with its own Worker', async () => {
    const url = await startProject(project)
    expect(await get(`${url}/me`, 'alice')).toMatchObject([200, { name: 'alice', access: 'user' }])
    expect(await get(`${url}/ops`, 'alice')).toEqual([200, { operator: 'alice' }])
    expect(await get(`${url}/ops`, 'bob')).toMatchObject([403, { code: 'CSN_CERT_FORBIDDEN' }])
    expect(await get(`${url}/me`)).toMatchObject([401, { code: 'CSN_CERT_MISSING' }])
    expect(await get(`${url}/healthz`)).toEqual([200, { ok: true }])
    expect(await get(`${url}/`, 'alice')).toEqual([200, { hello: 'alice' }])
  })

  it('runs behind countersign dev without Access', async () => {
    const url = await startProject(withoutAccess)
    // The token that the local edge adds is not read.
    const admitted = (await get(`${url}/me`, 'alice')) as [number, object]
    expect(admitted).toEqual([200, { name: 'alice', fingerprint256: expect.any(String) }])
    expect(await get(`${url}/me`)).toMatchObject([401, { code: 'CSN_CERT_MISSING' }])
  })

  it('starts with the environment for Cloudflare', async () => {
    const probe =
      "import('./countersign.ts').then(({ readProofs }) => console.log(JSON.stringify(readProofs(process.env).access)))"
    const { stdout } = await run(process.execPath, ['--env-file=origin.env', '--eval', probe], { cwd: project })
    expect(JSON.parse(stdout)).toEqual({ team: 'acme', audience: 'a'.repeat(64) })
  })

  const START =
    'start with node --env-file=origin.env, or --env-file=.countersign/origin.env, which countersign dev writes'
  it.each([
    ['without its variables', {}, `CLIENT_CA is missing; ${START}`],
    ['with an empty variable', { CLIENT_CA: '' }, `CLIENT_CA is empty; ${START}`],
    [
      'without the file of the CA',
      { CLIENT_CA: 'moved.pem' },
      `CLIENT_CA is ${join(project, 'moved.pem')}, which cannot be read (ENOENT); write the path of the CA that signs the client certificates`,
    ],
    ['without the next variable', { CLIENT_CA: 'client-ca.pem' }, `COUNTERSIGN_KEYS is missing; ${START}`],
  ])('does not start %s, and states the remedy', async (_, variables, message) => {
    const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    // As npm start, in a clone without the files that git ignores.
    const [command, file = '', ...args] = scripts.start.replace('origin.env', 'absent.env').split(' ')
    expect([command, file]).toEqual(['node', '--env-file-if-exists=absent.env'])
    const env = { PATH: process.env['PATH'], ...variables }
    await expect(run(process.execPath, [file, ...args], { cwd: project, env })).rejects.toThrow(
      `TypeError: ${message}\n`,
    )
    const withoutAccessToo = run(process.execPath, ['server.ts'], { cwd: withoutAccess, env })
    const elsewhere = message.replace(project, withoutAccess)
    await expect(withoutAccessToo).rejects.toThrow(`TypeError: ${elsewhere}\n`)
  })
})

describe('the files that npm create countersign adds to an app in CommonJS', () => {
  it('pass their test', async () => {
    const { stdout } = await run(process.execPath, ['--test'], { cwd: app })
    expect(stdout).toMatch(/^. tests 3\n(?:.*\n)*. pass 3$/m)
  })

  it('start with the lines of their README', async () => {
    const [, lines = ''] = /^```txt\n(.*?)^```$/ms.exec(readFileSync(join(app, 'README.md'), 'utf8')) ?? []
    const setUp = "const app = require('fastify')()\nconst handler = () => 'for clients'\n"
    const ask = "app.inject('/').then(({ statusCode, body }) => console.log(statusCode, JSON.parse(body).code))"
    writeFileSync(join(app, 'server.js'), setUp + lines.replace('await app.listen({ port: 3000 })', ask))
    const { stdout } = await run(process.execPath, ['--env-file=origin.env', 'server.js'], { cwd: app })
    expect(stdout).toBe('401 CSN_SIGNATURE_MISSING\n')
  })
})
