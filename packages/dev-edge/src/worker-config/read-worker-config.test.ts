import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configFileIn, findConfigFile } from './find-config-file.ts'
import { readWorkerConfig, type WorkerConfigOptions } from './read-worker-config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  for (const name of ['CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV', 'CLOUDFLARE_INCLUDE_PROCESS_ENV', 'API_TOKEN'])
    vi.stubEnv(name, undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** Reads a file with this content, next to further files. */
function read(
  config: object | string,
  options: Partial<WorkerConfigOptions> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const name = typeof config === 'string' && !config.startsWith('{') ? 'wrangler.toml' : 'wrangler.jsonc'
  write({ [name]: typeof config === 'string' ? config : JSON.stringify(config), ...files })
  return readWorkerConfig(join(folder, name), { without: [], ...options })
}

/** The message of the error, with the path of the folder left out. */
function refusal(...args: Parameters<typeof read>): string {
  try {
    read(...args)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message.replaceAll(`${relative(process.cwd(), folder)}/`, '')
  }
  return 'no refusal'
}

describe('findConfigFile', () => {
  it('finds the file beside the module or in the nearest folder above it, in the order of wrangler', () => {
    const module = join(folder, 'app/src/index.ts')
    const found = () => findConfigFile(module)
    write({ 'app/src/index.ts': '', 'wrangler.json': '{}' })
    expect(found()).toBe(join(folder, 'wrangler.json'))
    write({ 'app/wrangler.toml': '' })
    expect(found()).toBe(join(folder, 'app/wrangler.toml'))
    write({ 'app/wrangler.jsonc': '{}' })
    expect(found()).toBe(join(folder, 'app/wrangler.jsonc'))
    write({ 'app/wrangler.json': '{}' })
    expect(found()).toBe(join(folder, 'app/wrangler.json'))
    expect(configFileIn(join(folder, 'app/src'))).toBeUndefined()
  })

  it('ends at the root of the file system', () => {
    expect(findConfigFile('/a-folder-that-is-missing/worker.ts')).toBeUndefined()
  })
})

describe('readWorkerConfig', () => {
  it('reads module, variables, date and flags from JSON with comments and trailing commas', () => {
    const config = read(`{
      // The Worker.
      "name": "edge", "main": "src/index.ts", "routes": ["app.example.com/*"], "observability": { "enabled": true },
      "compatibility_date": "2026-05-01", "compatibility_flags": ["nodejs_compat"],
      "vars": { "API": "https://api.example", "LIMITS": { "max": [1, null, true] }, "COUNTERSIGN_FORWARD_CERT": "chain",
        "COUNTERSIGN_REQUIRE": "verified", "COUNTERSIGN_NAMES": "rfc2253" },
      "kv_namespaces": [], "durable_objects": { "bindings": [] }, "no_bundle": false, "build": { "command": "" },
    }`)
    expect(config).toEqual({
      file: relative(process.cwd(), join(folder, 'wrangler.jsonc')),
      main: join(folder, 'src/index.ts'),
      compatibilityDate: '2026-05-01',
      compatibilityFlags: ['nodejs_compat'],
      vars: { API: 'https://api.example', LIMITS: { max: [1, null, true] } },
      bindings: { forwardCert: 'chain', require: 'verified', names: 'rfc2253' },
      notices: [`${relative(process.cwd(), join(folder, 'wrangler.jsonc'))} is read.`],
    })
  })

  it('reads the same from TOML, and next to nothing from an empty file', () => {
    const { main, vars, bindings } = read('main = "w.ts"\n[vars]\nAPI = "x"\nDEEP = { a = [1] }\n')
    expect({ main, vars: JSON.stringify(vars), bindings }).toEqual({
      main: join(folder, 'w.ts'),
      vars: '{"API":"x","DEEP":{"a":[1]}}',
      bindings: {},
    })
    const { main: none, compatibilityDate, compatibilityFlags, vars: noVars } = read({})
    expect([none, compatibilityDate, compatibilityFlags, noVars]).toEqual([undefined, undefined, undefined, {}])
  })

  it('reads the replacements in the source', () => {
    const config = { define: { BUILD: '"local"' }, alias: { lib: './src/lib.ts', other: 'pkg' }, env: { staging: {} } }
    const files = { 'src/lib.ts': '', 'node_modules/pkg/index.js': '' }
    const alias = { lib: join(folder, 'src/lib.ts'), other: join(folder, 'node_modules/pkg/index.js') }
    expect(read(config, {}, files)).toMatchObject({ define: { BUILD: '"local"' }, alias })
    // wrangler inherits the aliases alone.
    const { define, alias: inherited } = read(config, { environment: 'staging' })
    expect([define, inherited]).toEqual([undefined, alias])
    const none = read({})
    expect([none.define, none.alias]).toEqual([undefined, undefined])
  })

  it('takes the keys of an environment, and inherits those that wrangler inherits', () => {
    const { main, vars, compatibilityDate, notices } = read(
      {
        main: 'w.ts',
        compatibility_date: '2026-05-01',
        vars: { API: 'production', ONLY: 'top' },
        kv_namespaces: [{ binding: 'KV' }],
        env: { staging: { vars: { API: 'staging' }, compatibility_date: '2026-06-01' } },
      },
      { environment: 'staging' },
    )
    expect([main, vars, compatibilityDate]).toEqual([join(folder, 'w.ts'), { API: 'staging' }, '2026-06-01'])
    expect(notices[0]).toMatch(/wrangler\.jsonc \(staging\) is read\.$/)
  })

  it('carries a binding that leads to the origin', () => {
    const config = { services: [{ binding: 'ORIGIN', service: 'origin' }], vpc_services: [{ binding: 'ORIGIN' }] }
    expect(read(config, { originBinding: 'ORIGIN' }).vars).toEqual({})
  })

  it('runs without a key that the user gives up, and states it', () => {
    const config = { kv_namespaces: [{ binding: 'KV' }], vars: { COUNTERSIGN_REQUIRE_ACCESS: 'a', API: 'x' } }
    const { vars, notices } = read(config, { without: ['kv_namespaces', 'vars.COUNTERSIGN_REQUIRE_ACCESS'] })
    expect(vars).toEqual({ API: 'x' })
    expect(notices[1]).toMatch(
      /^The Worker runs without kv_namespaces of .*wrangler\.jsonc, which it has at Cloudflare\.$/,
    )
    expect(notices).toHaveLength(3)
  })

  it.each<[string, object | string, Partial<WorkerConfigOptions>, string]>([
    [
      'a syntax error',
      '{\n  "main": "a.ts"\n  "vars": {}\n}',
      {},
      'wrangler.jsonc:3:3 is not JSON with comments: CommaExpected',
    ],
    ['a syntax error of TOML', 'main = \n', {}, 'wrangler.toml:1:8 is not TOML: Invalid TOML document: invalid value'],
    ['a list', [], {}, 'wrangler.jsonc must contain an object, such as { "main": "worker.ts" }'],
    [
      'bindings, and a key that nobody knows',
      {
        kv_namespaces: [{ binding: 'KV' }],
        durable_objects: { bindings: [{ name: 'DO', class_name: 'C' }] },
        unsafe: { bindings: [{ name: 'U' }] },
        novelty: 1,
      },
      {},
      'wrangler.jsonc has keys that the local edge lacks: kv_namespaces (KV), durable_objects (DO), unsafe (U), novelty; write --without kv_namespaces --without durable_objects --without unsafe --without novelty to run the Worker without them',
    ],
    [
      'a list of replacements',
      { define: ['A'] },
      {},
      `define of wrangler.jsonc must be an object of texts such as { "BUILD": "'local'" }`,
    ],
    ['a replacement that is no text', { define: { A: 1 } }, {}, 'define of wrangler.jsonc must be an object of texts'],
    [
      'an alias that is no text',
      { alias: { a: null } },
      {},
      'alias of wrangler.jsonc must be an object of texts such as { "library": "./src/library.ts" }',
    ],
    [
      'an alias without a file',
      { alias: { lib: './none.ts' } },
      {},
      'alias["lib"] of wrangler.jsonc is "./none.ts", which leads to no file; write a path from the folder of wrangler.jsonc with its ending, such as "./src/library.ts"',
    ],
    [
      'an alias to a module of Node',
      { alias: { lib: 'node:fs' } },
      {},
      'alias["lib"] of wrangler.jsonc is "node:fs", which leads to no file',
    ],
    [
      'an alias in an environment',
      { alias: {}, env: { staging: { alias: { lib: './a.ts' } } } },
      { environment: 'staging' },
      'alias of wrangler.jsonc has no effect in an environment; write it at the top level',
    ],
    [
      'a binding beside the one that leads to the origin',
      { services: [{ binding: 'ORIGIN' }, { binding: 'OTHER' }] },
      { originBinding: 'ORIGIN' },
      'wrangler.jsonc has keys that the local edge lacks: services (OTHER); write --without services to run the Worker without them',
    ],
    [
      'a binding that can lead to the origin',
      { mtls_certificates: [{ binding: 'ORIGIN' }] },
      {},
      'wrangler.jsonc has keys that the local edge lacks: mtls_certificates (ORIGIN); write --without mtls_certificates to run the Worker without them. If ORIGIN leads to the origin, write --origin-binding ORIGIN',
    ],
    [
      'a key of the top level',
      { build: { command: 'make' }, env: { a: {} } },
      { environment: 'a' },
      'wrangler.jsonc has keys that the local edge lacks: build; write',
    ],
    [
      'Access',
      { vars: { COUNTERSIGN_REQUIRE_ACCESS: 'a' } },
      {},
      'the local edge lacks: vars.COUNTERSIGN_REQUIRE_ACCESS; write',
    ],
    [
      '--without a key that is absent',
      {},
      { without: ['kv_namespaces'] },
      '--without kv_namespaces names no key of wrangler.jsonc that the local edge lacks; remove it',
    ],
    [
      'an unknown environment',
      { env: { a: {}, b: {} } },
      { environment: 'toString' },
      'env.toString is missing in wrangler.jsonc; it has a, b. Write it there, or another --env',
    ],
    [
      'an environment of none',
      {},
      { environment: 'a' },
      'env.a is missing in wrangler.jsonc; it has no environment. Write it there',
    ],
    [
      'the key',
      { vars: { COUNTERSIGN_KEY: 's3cret' } },
      {},
      'vars.COUNTERSIGN_KEY of wrangler.jsonc is a secret that everybody with the file can read; remove it, and write npx wrangler secret put COUNTERSIGN_KEY',
    ],
    [
      'a value of Countersign',
      { vars: { COUNTERSIGN_FORWARD_CERT: 'all' } },
      {},
      'COUNTERSIGN_FORWARD_CERT of wrangler.jsonc must be "leaf" or "chain" or "none"',
    ],
    [
      'another value of Countersign',
      { vars: { COUNTERSIGN_NAMES: null } },
      {},
      'COUNTERSIGN_NAMES of wrangler.jsonc must be "all" or "rfc2253"',
    ],
    [
      'the name of the binding',
      { vars: { ORIGIN: 'x' } },
      { originBinding: 'ORIGIN' },
      'vars.ORIGIN of wrangler.jsonc has the name of --origin-binding; rename one of them',
    ],
    ['vars', { vars: ['a'] }, {}, 'vars of wrangler.jsonc must be an object such as { "API": "https://…" }'],
    [
      'a variable',
      'vars = { DAY = 2026-07-01 }',
      {},
      'vars.DAY of wrangler.toml must be a text, or a value that JSON can carry',
    ],
    ['main', { main: '' }, {}, 'main of wrangler.jsonc must be a text such as "src/index.ts"'],
    [
      'the date',
      'compatibility_date = 2026-07-01',
      {},
      'compatibility_date of wrangler.toml must be a text such as "2026-07-01"',
    ],
    [
      'the flags',
      { compatibility_flags: 'nodejs_compat' },
      {},
      'compatibility_flags of wrangler.jsonc must be a list of texts such as ["nodejs_compat"]',
    ],
    ['one flag', { compatibility_flags: [1] }, {}, 'compatibility_flags of wrangler.jsonc must be a list of texts'],
    [
      'secrets',
      { secrets: ['A'] },
      {},
      'secrets of wrangler.jsonc must be an object such as { "required": ["API_TOKEN"] }',
    ],
    [
      'the list of secrets',
      { secrets: { required: 'A' } },
      {},
      'secrets.required of wrangler.jsonc must be a list of texts such as ["API_TOKEN"]',
    ],
    [
      'a missing secret',
      { secrets: { required: ['API_TOKEN'] } },
      {},
      'secrets.required of wrangler.jsonc lists API_TOKEN, which is missing; write API_TOKEN=… to .dev.vars beside it',
    ],
  ])('refuses %s', (_case, config, options, message) => {
    expect(refusal(config, options)).toContain(message)
    expect(refusal(config, options)).not.toContain('s3cret')
  })

  it('refuses a file that cannot be read', () => {
    expect(() => readWorkerConfig(join(folder, 'wrangler.toml'), { without: [] })).toThrow(
      /wrangler\.toml cannot be read \(ENOENT\); write the path of your wrangler\.jsonc, or --no-config$/,
    )
  })
})

describe('the secrets', () => {
  const varsOf = (...args: Parameters<typeof read>) => read(...args).vars

  it('come from .dev.vars, which precedes vars and hides .env', () => {
    const files = { '.dev.vars': 'API_TOKEN=dev\nAPI="over"\nRAW=$HOME', '.env': 'OTHER=x' }
    const config = read({ vars: { API: 'file' } }, {}, files)
    expect(config.vars).toEqual({ API_TOKEN: 'dev', API: 'over', RAW: '$HOME' })
    expect(config.notices[0]).toMatch(/wrangler\.jsonc is read, with the secrets of .*\.dev\.vars\.$/)
  })

  it('come from .dev.vars of the environment alone, if there is one', () => {
    const files = { '.dev.vars': 'A=top\nB=top', '.dev.vars.staging': 'A=staging' }
    const config = { env: { staging: {} } }
    expect(varsOf(config, { environment: 'staging' }, files)).toEqual({ A: 'staging' })
    expect(varsOf(config, {}, files)).toEqual({ A: 'top', B: 'top' })
  })

  it('come from .env, with the later file over the former', () => {
    const files = {
      '.env': 'A=1\nB=1\nC=1\nD=1',
      '.env.local': 'B=2\nC=2\nD=2',
      '.env.s': 'C=3\nD=3',
      '.env.s.local': 'D=4',
    }
    expect(varsOf({ env: { s: {} } }, { environment: 's' }, files)).toEqual({ A: '1', B: '2', C: '3', D: '4' })
    expect(varsOf({ env: { s: {} } }, {}, files)).toEqual({ A: '1', B: '2', C: '2', D: '2' })
    vi.stubEnv('CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV', 'false')
    expect(varsOf({}, {}, files)).toEqual({})
  })

  it('come from the environment if wrangler is told so', () => {
    vi.stubEnv('API_TOKEN', 'process')
    expect(varsOf({}, {}, { '.env': 'API_TOKEN=file\nA=1' })).toEqual({ API_TOKEN: 'file', A: '1' })
    vi.stubEnv('CLOUDFLARE_INCLUDE_PROCESS_ENV', 'true')
    expect(varsOf({}, {}, { '.env': 'API_TOKEN=file\nA=1' })).toMatchObject({ API_TOKEN: 'process', A: '1' })
  })

  it('are those of the list alone, and variables that they replace', () => {
    const config = { vars: { API: 'file' }, secrets: { required: ['API_TOKEN', 'COUNTERSIGN_KEY'] } }
    expect(varsOf(config, {}, { '.dev.vars': 'API_TOKEN=a\nAPI=over\nOTHER=x' })).toEqual({
      API: 'over',
      API_TOKEN: 'a',
    })
    rmSync(join(folder, '.dev.vars'))
    vi.stubEnv('API_TOKEN', 'process')
    expect(varsOf(config)).toEqual({ API: 'file', API_TOKEN: 'process' })
    expect(read(config).notices[0]).toMatch(/ is read, with the secrets of the environment\.$/)
    expect(read({ secrets: { required: [] } }).notices).toEqual([expect.stringMatching(/wrangler\.jsonc is read\.$/)])
  })

  it('never contain the key, and a notice states it', () => {
    const { vars, notices } = read({}, {}, { '.dev.vars': 'COUNTERSIGN_KEY={"kty":"oct"}' })
    expect(vars).toEqual({})
    expect(notices[1]).toMatch(/^COUNTERSIGN_KEY is not read: the edge signs with the key in its folder/)
  })

  it.each(['$HOME', 'a$\x7bHOME}', 'x$_y'])('refuse the reference %s in .env, which wrangler expands', (value) => {
    expect(refusal({}, {}, { '.env': `A='${value}'` })).toBe(
      'A in .env refers to another variable, which the local edge does not expand; write its value, or move it to .dev.vars',
    )
  })

  it.each(['$1', '5$', '\\$HOME'])('may contain %s', (value) => {
    expect(varsOf({}, {}, { '.env': `A='${value}'` })).toEqual({ A: value })
  })
})
