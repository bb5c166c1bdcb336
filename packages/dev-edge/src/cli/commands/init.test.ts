import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPluginOptions } from '@countersign/origin-plugin/explain'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { runHere } from '../../../test/support/command.ts'
import { toPem } from '../../pki/dev-client.ts'
import { createAuthorities } from '../../pki/pki.ts'
import { NODE_OF_PROJECT } from './init.ts'

const root = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(root, { recursive: true }))

const { ca, other } = await createAuthorities()
const caFile = join(root, 'acme-ca.pem')
writeFileSync(caFile, toPem(ca.certificate))

const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'
const flags = (changes: Readonly<Record<string, string | null>> = {}) =>
  Object.entries({ hostname: 'app.example.com', team: 'acme', audience: AUDIENCE, ca: caFile, ...changes }).flatMap(
    ([name, value]) => (value === null ? [] : [`--${name}`, value]),
  )

/** The project of a run. */
interface Written {
  readonly folder: string
  readonly isNew: boolean
  readonly readme: string
  readonly written: readonly string[]
  readonly extended: readonly string[]
  readonly leftAlone: readonly string[]
  readonly withoutKey: readonly string[]
  readonly install: readonly string[]
}

let folders = 0
const newFolder = () => join(root, `app-${++folders}`)

async function init(folder: string, ...args: string[]): Promise<Written> {
  const { code, stdout, stderr } = await runHere('init', folder, '--json', ...flags(), ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** The comments of a `wrangler.jsonc` have lines of their own. */
const parseJsonc = (text: string) => JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ''))

const read = (folder: string, path: string) => readFileSync(join(folder, path), 'utf8')
const modeOf = (folder: string, path: string) => statSync(join(folder, path)).mode & 0o777

function environment(folder: string, path: string): Record<string, string> {
  return Object.fromEntries(
    read(folder, path)
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

const NEW_FILES = [
  '.gitignore',
  'README.md',
  'app.test.ts',
  'app.ts',
  'client-ca.pem',
  'countersign.ts',
  'origin.env',
  'package.json',
  'server.ts',
  'tsconfig.json',
  'worker/worker.env',
  'worker/worker.ts',
  'worker/wrangler.jsonc',
]

describe('countersign init, in a new folder', () => {
  it('writes a Worker, a server, their key and their tests', async () => {
    const folder = newFolder()
    expect(await init(folder)).toEqual({
      folder,
      isNew: true,
      readme: 'README.md',
      written: NEW_FILES,
      extended: [],
      leftAlone: [],
      withoutKey: [],
      install: ['npm install'],
    })
    expect(read(folder, 'client-ca.pem')).toBe(toPem(ca.certificate))
    for (const path of NEW_FILES) expect(read(folder, path), path).not.toMatch(/\{\{|undefined/)
  })

  it('fills in the route and the name of the Worker', async () => {
    const folder = newFolder()
    await init(folder, '--hostname', 'Pay_1.App.example.com')
    const wrangler = parseJsonc(read(folder, 'worker/wrangler.jsonc'))
    expect(wrangler).toMatchObject({
      name: 'countersign-pay-1-app-example-com',
      main: 'worker.ts',
      workers_dev: false,
      preview_urls: false,
      routes: ['pay_1.app.example.com/*'],
      secrets: { required: ['COUNTERSIGN_KEY'] },
    })
    const deployable = parseJsonc(readFileSync(new URL('../../../../worker/wrangler.jsonc', import.meta.url), 'utf8'))
    expect(wrangler.compatibility_date).toBe(deployable.compatibility_date)
    expect(environment(folder, 'origin.env')['COUNTERSIGN_HOSTS']).toBe('pay_1.app.example.com')
  })

  it('cuts the name of the Worker to 63 characters', async () => {
    const folder = newFolder()
    await init(folder, '--hostname', `${'a'.repeat(50)}.b.example.com`)
    expect(parseJsonc(read(folder, 'worker/wrangler.jsonc')).name).toBe(`countersign-${'a'.repeat(50)}`)
  })

  it('writes a pair of keys that only the user can read', async () => {
    const folder = newFolder()
    await init(folder)
    expect([modeOf(folder, 'origin.env'), modeOf(folder, 'worker/worker.env')]).toEqual([0o600, 0o600])
    expect(modeOf(folder, 'app.ts') & 0o600).toBe(0o600)
    const server = environment(folder, 'origin.env')
    const key = JSON.parse(environment(folder, 'worker/worker.env')['COUNTERSIGN_KEY'] ?? '')
    expect(key).toMatchObject({ kty: 'oct', kid: expect.stringMatching(/^\d{4}-\d\d-[0-9a-f]{8}$/) })
    expect(server).toEqual({
      COUNTERSIGN_KEYS: JSON.stringify([key]),
      COUNTERSIGN_HOSTS: 'app.example.com',
      ACCESS_TEAM: 'acme',
      ACCESS_AUDIENCE: AUDIENCE,
      CLIENT_CA: 'client-ca.pem',
    })
    expect(read(folder, 'README.md')).toMatch(/^`origin\.env` contains the same key\./m)
  })

  it.each(['--algorithm', '--alg'])('gives the server no private half with %s ed25519', async (flag) => {
    const folder = newFolder()
    await init(folder, flag, 'ed25519')
    const { d, ...publicKey } = JSON.parse(environment(folder, 'worker/worker.env')['COUNTERSIGN_KEY'] ?? '')
    expect({ d: typeof d, crv: publicKey.crv }).toEqual({ d: 'string', crv: 'Ed25519' })
    expect(JSON.parse(environment(folder, 'origin.env')['COUNTERSIGN_KEYS'] ?? '')).toEqual([publicKey])
    expect(read(folder, 'README.md')).not.toContain('the same key')
  })

  it('writes an environment with which the plugin starts', async () => {
    const folder = newFolder()
    await init(folder)
    const { COUNTERSIGN_KEYS, COUNTERSIGN_HOSTS, ACCESS_TEAM, ACCESS_AUDIENCE } = environment(folder, 'origin.env')
    checkPluginOptions({
      edge: { keys: COUNTERSIGN_KEYS, hosts: COUNTERSIGN_HOSTS },
      access: { team: ACCESS_TEAM, audience: ACCESS_AUDIENCE },
      trustedIssuers: [read(folder, 'client-ca.pem')],
    })
  })

  it('writes a project without Access', async () => {
    const folder = newFolder()
    const args = ['--json', '--hostname', 'app.example.com', '--no-access', '--ca', caFile]
    const { code, stdout } = await runHere('init', folder, ...args)
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, written: NEW_FILES })
    expect(Object.keys(environment(folder, 'origin.env'))).toEqual([
      'COUNTERSIGN_KEYS',
      'COUNTERSIGN_HOSTS',
      'CLIENT_CA',
    ])
    expect(read(folder, 'countersign.ts')).toContain('    access: null,\n')
    expect(read(folder, 'app.test.ts')).toContain('await createTestEdge({ access: null })\n')
    const readme = read(folder, 'README.md')
    expect(readme).toContain('doctor --origin http://127.0.0.1:3000/me --no-access --edge https://app.example.com/me\n')
    expect(readme).toContain('http.host eq "app.example.com" and')
    expect(readme.match(/^\d\. /gm)).toEqual(['1. ', '2. ', '3. ', '4. ', '5. ', '6. ', '7. '])
    for (const path of NEW_FILES) expect(read(folder, path), path).not.toMatch(/\{\{|undefined|Zero Trust/)
  })

  it('lets git ignore the keys and nothing else', async () => {
    const folder = newFolder()
    await init(folder)
    execFileSync('git', ['init', '--quiet'], { cwd: folder })
    const untracked = execFileSync('git', ['ls-files', '--others', '--exclude-standard'], { cwd: folder })
    expect(untracked.toString().trim().split('\n')).toEqual(NEW_FILES.filter((path) => !path.endsWith('.env')))
  })

  it('names the package after the folder', async () => {
    const folder = join(root, '_My App.2')
    await init(folder)
    expect(JSON.parse(read(folder, 'package.json')).name).toBe('my-app.2')
    const nameless = join(root, '__')
    await init(nameless)
    expect(JSON.parse(read(nameless, 'package.json')).name).toBe('countersign-app')
  })

  it('has the versions of this release, and of the tools that it is tested with', async () => {
    const folder = newFolder()
    await init(folder)
    const { dependencies, devDependencies } = JSON.parse(read(folder, 'package.json'))
    const { '@countersign/origin-plugin': plugin, ...others } = dependencies
    const { '@countersign/dev-edge': edge, '@countersign/worker': worker, ...tools } = devDependencies
    const manifest = new URL('../../../package.json', import.meta.url)
    const range = `^${JSON.parse(readFileSync(manifest, 'utf8')).version}`
    expect([plugin, edge, worker]).toEqual([range, range, range])
    const catalog = readFileSync(new URL('../../../../../pnpm-workspace.yaml', import.meta.url), 'utf8')
    for (const [name, version] of Object.entries({ ...others, ...tools })) {
      expect(catalog).toMatch(new RegExp(`^  "?${name}"?: ${(version as string).replace(/[.^]/g, '\\$&')}$`, 'm'))
    }
  })

  it('has the Node that the command itself requires, in its manifest and its READMEs', async () => {
    const folder = newFolder()
    await init(folder)
    expect(JSON.parse(read(folder, 'package.json')).engines.node).toBe(NODE_OF_PROJECT)
    const sentence = `Node ${NODE_OF_PROJECT.replace('>=', '')} or later`
    const ours = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
    for (const path of ['README.md', 'templates/readme-existing.md', '../create-countersign/README.md'])
      expect(ours(path), path).toContain(sentence)
    expect(read(folder, 'README.md')).toContain(sentence)
  })

  it('prints the next steps', async () => {
    const folder = newFolder()
    const { stdout } = await runHere('init', folder, ...flags())
    expect(stdout).toMatch(/^Written\n {2}\.gitignore\n/)
    expect(stdout).toMatch(
      /\nNext\n {2}cd \S+\n {2}npm install\n {2}npm test\n {2}npm run dev .*\n {2}README\.md has the/,
    )
    expect(stdout).not.toMatch(/Left alone|Extended|values of this run/)
  })
})

describe('countersign init, a second time', () => {
  it('changes nothing, and names the files that it left alone', async () => {
    const folder = newFolder()
    await init(folder)
    const before = NEW_FILES.map((path) => [read(folder, path), statSync(join(folder, path)).mtimeMs])
    const again = await init(folder, '--hostname', 'other.example.com', '--algorithm', 'ed25519')
    expect(again).toMatchObject({ isNew: true, written: [], extended: [], leftAlone: NEW_FILES, withoutKey: [] })
    expect(NEW_FILES.map((path) => [read(folder, path), statSync(join(folder, path)).mtimeMs])).toEqual(before)
    const { stdout } = await runHere('init', folder, ...flags())
    expect(stdout).toMatch(/^Nothing was written\n\nLeft alone, because it was there\n {2}\.gitignore\n/)
    expect(stdout).toContain(
      'wrangler.jsonc\n\nThe values of this run are not in these files. Remove a file to have it written again.\n\nNext\n',
    )
  })

  it('writes the files that are missing', async () => {
    const folder = newFolder()
    await init(folder)
    for (const path of ['app.test.ts', 'client-ca.pem']) rmSync(join(folder, path))
    expect((await init(folder)).written).toEqual(['app.test.ts', 'client-ca.pem'])
  })

  it.each([
    ['origin.env', 'worker/worker.env'],
    ['worker/worker.env', 'origin.env'],
  ])('writes no %s that would not fit the %s that is there', async (missing, present) => {
    const folder = newFolder()
    await init(folder)
    rmSync(join(folder, missing))
    const key = read(folder, present)
    expect(await init(folder)).toMatchObject({ written: [], withoutKey: [missing] })
    expect([existsSync(join(folder, missing)), read(folder, present)]).toEqual([false, key])
    const { stdout } = await runHere('init', folder, ...flags())
    expect(stdout).toContain(`${missing} was not written, because the key in the other file was there.`)
  })

  it('follows no link to a file that is missing', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    symlinkSync(join(root, 'elsewhere'), join(folder, 'app.ts'))
    expect((await init(folder)).leftAlone).toEqual(['app.ts'])
    expect(existsSync(join(root, 'elsewhere'))).toBe(false)
  })

  it('refuses another CA than that of the folder, before it writes', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, 'client-ca.pem'), toPem(other.certificate))
    const { code, stdout, stderr } = await runHere('init', folder, ...flags())
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /client-ca\.pem is another CA than that of --ca; move it away, or write --ca .*client-ca\.pem$/m,
    )
    expect(existsSync(join(folder, 'worker'))).toBe(false)
  })
})

describe('countersign init, next to an app', () => {
  const ADDED = ['client-ca.pem', 'origin.env', 'worker/worker.env', 'worker/worker.ts', 'worker/wrangler.jsonc']

  function app(manifest: object, files: Readonly<Record<string, string>> = {}): string {
    const folder = newFolder()
    mkdirSync(folder)
    for (const [path, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
      writeFileSync(join(folder, path), text)
    }
    return folder
  }

  it.each([
    [{ type: 'module' }, 'ts'],
    [{}, 'mts'],
    [{ type: 'commonjs' }, 'mts'],
  ])('adds files to the package %j, in modules of .%s', async (manifest, extension) => {
    const folder = app(manifest, { 'app.ts': 'app', 'README.md': '# My app', '.gitignore': 'dist\n' })
    const project = await init(folder)
    expect(project).toMatchObject({ isNew: false, readme: 'COUNTERSIGN.md', extended: ['.gitignore'], leftAlone: [] })
    expect(project.written).toEqual(
      [...ADDED, 'COUNTERSIGN.md', `countersign.${extension}`, `countersign.test.${extension}`].toSorted(),
    )
    expect(read(folder, 'package.json')).toBe(JSON.stringify(manifest))
    expect([read(folder, 'app.ts'), read(folder, 'README.md')]).toEqual(['app', '# My app'])
    expect(read(folder, 'COUNTERSIGN.md')).toContain(`node --test countersign.test.${extension}`)
    expect((await init(folder)).written).toEqual([])
    const registration =
      extension === 'ts'
        ? "import { readProofs } from './countersign.ts'\n\nawait app.register"
        : "const { readProofs } = require('./countersign.mts')\n\nasync function start() {\n  await app.register"
    expect(read(folder, 'COUNTERSIGN.md')).toContain(registration)
    const { stdout } = await runHere('init', folder, ...flags())
    expect(stdout).toMatch(
      / {2}COUNTERSIGN\.md has the lines for your server, and then the steps at Cloudflare, in order$/m,
    )
  })

  it.each([
    ['app.ts', "import Fastify from 'fastify'\n", 'await app.register'],
    ['src/main.js', 'export const app = 1\n', 'await app.register'],
    ['main.js', "\uFEFFimport Fastify from 'fastify'\n", 'await app.register'],
    ['index.mjs', '', 'await app.register'],
    ['server.js', "const app = require('fastify')()\n", 'async function start() {'],
    ['app.cts', "import Fastify from 'fastify'\n", 'async function start() {'],
  ])('adds files to a server %s without a package, and starts it in the README', async (path, text, line) => {
    const folder = newFolder()
    mkdirSync(join(folder, 'src'), { recursive: true })
    writeFileSync(join(folder, path), text)
    const project = await init(folder)
    expect(project).toMatchObject({ isNew: false, readme: 'README.md', leftAlone: [] })
    expect(project.written).toEqual(
      ['.gitignore', ...ADDED, 'README.md', 'countersign.mts', 'countersign.test.mts'].toSorted(),
    )
    expect(project.install[0]).toMatch(/^npm install @countersign\/origin-plugin@\S+ fastify@\S+$/)
    expect(read(folder, path)).toBe(text)
    const readme = read(folder, 'README.md')
    expect(readme).toContain(`\nnode --env-file=.countersign/origin.env ${path}    # your server's file\n`)
    expect(readme).toContain(`   node --env-file=origin.env ${path}\n`)
    expect(readme).toContain(line)
    expect(readme.includes('require(')).toBe(line.startsWith('async'))
    expect(await init(folder)).toMatchObject({ isNew: false, written: [] })
  })

  it.each([
    ['api.main.cjs', 'module'],
    ['main.cts', 'module'],
    ['main.js', 'commonjs'],
  ])('takes %s in a package of the type %s for CommonJS', async (path, type) => {
    const folder = app({ type, scripts: { start: `node ${path}` } })
    writeFileSync(join(folder, path), '')
    await init(folder)
    expect(read(folder, 'README.md')).toContain(`node --env-file=origin.env ${path}\n`)
    expect(read(folder, 'README.md')).toContain('require(')
  })

  it('takes the package of a folder above for that of the server', async () => {
    const folder = app({ type: 'module', dependencies: { fastify: '^5.0.0' } })
    mkdirSync(join(folder, 'part'))
    writeFileSync(join(folder, 'part/server.ts'), 'x')
    const project = await init(join(folder, 'part'))
    expect(project.written).toContain('countersign.ts')
    expect(project.install[0]).not.toContain('fastify@')
    expect(read(join(folder, 'part'), 'README.md')).not.toContain('require(')
  })

  it('prints the commands that install the missing packages', async () => {
    const folder = app({ dependencies: { fastify: '^5.0.0' }, devDependencies: { typescript: '^5.9.0' } })
    const { install } = await init(folder)
    expect(install).toEqual([
      expect.stringMatching(/^npm install @countersign\/origin-plugin@\^[\d.]+$/),
      expect.stringMatching(
        /^npm install --save-dev @countersign\/dev-edge@\^\S+ @countersign\/worker@\^\S+ @types\/node@\^\S+ wrangler@\^\S+$/,
      ),
    ])
    expect(read(folder, 'README.md')).toContain(install.join('\n'))
  })

  it('reads a package.json that begins with a mark of its byte order', async () => {
    const folder = app({}, { 'package.json': '\uFEFF{"type":"commonjs","dependencies":{"fastify":"^5.0.0"}}' })
    expect(await init(folder)).toMatchObject({ isNew: false })
  })

  it.each([
    ['{', 'an object in JSON'],
    ['7', 'an object in JSON'],
  ])('refuses the package.json %s', async (text, reason) => {
    const folder = app({}, { 'package.json': text })
    const { code, stderr } = await runHere('init', folder, ...flags())
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`package\\.json is not ${reason}; mend it, or choose another folder with --folder$`, 'm'),
    )
  })

  it('writes COUNTERSIGN.md next to a README without a package', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, 'README.md'), '# New repository\n')
    expect(await init(folder)).toMatchObject({ isNew: true, readme: 'COUNTERSIGN.md', leftAlone: [] })
    expect(await init(folder)).toMatchObject({ isNew: true, readme: 'COUNTERSIGN.md', written: [] })
  })
})

describe('countersign init, with git', () => {
  it.each([
    ['', 'node_modules/\n*.env\n'],
    ['dist', 'dist\nnode_modules/\n*.env\n'],
    ['node_modules/\r\n', 'node_modules/\r\n*.env\n'],
    ['*.env\n', '*.env\nnode_modules/\n'],
    ['*.env\n!origin.env\n', '*.env\n!origin.env\nnode_modules/\n*.env\n'],
  ])('adds its lines to %j', async (before, after) => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, '.gitignore'), before)
    expect(await init(folder)).toMatchObject({ extended: ['.gitignore'] })
    expect(read(folder, '.gitignore')).toBe(after)
    expect(await init(folder)).toMatchObject({ extended: [] })
    expect(read(folder, '.gitignore')).toBe(after)
    execFileSync('git', ['init', '--quiet'], { cwd: folder })
    const ignored = execFileSync('git', ['check-ignore', 'origin.env', 'worker/worker.env'], { cwd: folder })
    expect(ignored.toString()).toBe('origin.env\nworker/worker.env\n')
  })

  it('leaves a complete file alone', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, '.gitignore'), '!x\n*.env\nnode_modules/')
    expect(await init(folder)).toMatchObject({ extended: [], leftAlone: ['.gitignore'] })
    expect(read(folder, '.gitignore')).toBe('!x\n*.env\nnode_modules/')
    mkdirSync(`${folder}-2`)
    writeFileSync(join(`${folder}-2`, '.gitignore'), '*.env\nnode_modules/')
    const { stdout } = await runHere('init', `${folder}-2`, ...flags())
    expect(stdout).toContain('Left alone, because it was there\n  .gitignore\n\nNext\n')
  })
})

describe('countersign init, with wrong flags', () => {
  const keyFile = join(root, 'key.pem')
  writeFileSync(keyFile, '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n')
  const textFile = join(root, 'text.pem')
  writeFileSync(textFile, 'Acme')

  it.each([
    [
      'hostname',
      'https://app.example.com',
      '--hostname: "https://app.example.com" is not a host name; write a name such',
    ],
    ['hostname', 'a.example.com,b.example.com', '--hostname: "a.example.com,b.example.com" is not a host name'],
    ['hostname', 'app.example.com:8443', '--hostname must be one name below a zone of Cloudflare, without a port'],
    ['hostname', 'localhost', '--hostname must be one name below a zone'],
    ['hostname', '192.0.2.7', '--hostname must be one name below a zone'],
    ['hostname', '[2001:db8::1]', '--hostname must be one name below a zone'],
    ['hostname', '', '--hostname is missing; write a name such as app.example.com'],
    ['team', 'acme.cloudflareaccess.com', '--team must be the name before .cloudflareaccess.com, such as "acme"'],
    ['team', '', '--team must be the name before'],
    ['audience', 'abc', '--audience must be 64 hexadecimal digits; copy the Audience (AUD) tag'],
    ['audience', '', "--audience is missing; write the application's Audience (AUD) tag"],
    ['ca', join(root, 'none.pem'), `--ca cannot be read (ENOENT at ${root}/none.pem); write the path of a file in PEM`],
    ['ca', '', '--ca is missing; write the path of a file in PEM, or make a first CA'],
    ['ca', keyFile, '--ca: the text contains a private key; write the certificate alone'],
    ['ca', textFile, '--ca: the text does not contain a PEM certificate; write the path of a file in PEM'],
    ['algorithm', 'rs256', '--algorithm must be hmac-sha256 or ed25519'],
  ])('ends with 2 for --%s %s', async (name, value, message) => {
    const folder = newFolder()
    const { code, stdout, stderr } = await runHere('init', folder, '--yes', ...flags({ [name]: value }))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`countersign: ${message}`)
    expect(existsSync(folder)).toBe(false)
  })

  it('refuses the certificate of a client as a CA', async () => {
    const { issueClient } = await import('../../pki/dev-client.ts')
    const client = await issueClient(await createAuthorities(), { name: 'alice' })
    const file = join(root, 'alice.pem')
    writeFileSync(file, client.cert)
    const { code, stderr } = await runHere('init', newFolder(), ...flags({ ca: file }))
    expect(code).toBe(2)
    expect(stderr).toContain('countersign: --ca: the certificate is not that of a CA; write that of the CA that signs')
  })

  it.each([
    [
      [],
      '--hostname, --team, --audience, --ca are missing; write --hostname HOSTNAME --team TEAM --audience AUDIENCE --ca FILE. --no-access takes the place of --team and --audience',
    ],
    [['--yes', ...flags({ ca: null })], '--ca is missing; write --ca FILE'],
    [
      flags({ team: null, audience: null }),
      '--team, --audience are missing; write --team TEAM --audience AUDIENCE. --no-access takes the place of --team and --audience',
    ],
    [['--no-access', '--hostname', 'app.example.com'], '--ca is missing; write --ca FILE'],
  ])('names the flags to write without a terminal: %j', async (args, message) => {
    const folder = newFolder()
    const { code, stdout, stderr } = await runHere('init', '--folder', folder, ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')[0]).toBe(`countersign: ${message}`)
    expect(existsSync(folder)).toBe(false)
  })

  it('refuses two folders, and takes either', async () => {
    const folder = newFolder()
    const { code, stderr } = await runHere('init', folder, '--folder', folder, ...flags())
    expect(code).toBe(2)
    expect(stderr).toContain('countersign: --folder does not fit the argument folder; remove one of the two')
    const { stdout } = await runHere('init', '--json', '--folder', folder, ...flags())
    expect(JSON.parse(stdout).folder).toBe(folder)
  })

  it('refuses --no-access next to a team, and says where flags go that npm kept', async () => {
    const both = await runHere('init', newFolder(), '--no-access', ...flags())
    expect([both.code, both.stderr.split('\n')[0]]).toEqual([
      2,
      'countersign: --no-access does not fit --team; remove one of the two',
    ])
    const kept = await runHere('init', newFolder(), 'app.example.com', 'acme')
    expect([kept.code, kept.stderr.split('\n')[0]]).toEqual([
      2,
      'countersign: init takes one folder, and got more; write flags after --, as in npm create countersign@latest my-app -- --hostname app.example.com',
    ])
  })

  it.each(['22.17.1', '20.20.2'])('refuses Node %s, which does not run TypeScript', async (version) => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: { ...process.versions, node: version } } }))
    const folder = newFolder()
    const result = await runHere('init', folder, ...flags()).finally(() => vi.unstubAllGlobals())
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toBe(`countersign: Node ${version} is too old; install Node 22.18 or later\n`)
    expect(existsSync(folder)).toBe(false)
  })
})
