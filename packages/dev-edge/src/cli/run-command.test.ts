import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCountersign, runHere, runUnread } from '../../test/support/command.ts'
import { describeOldNode } from '../old-node.ts'
import { COMMANDS } from './run-command.ts'

// Child processes start slowly on machines under load.
vi.setConfig({ testTimeout: 20_000 })

describe('countersign', () => {
  it('names every command and the exit codes', async () => {
    const { code, stdout, stderr } = await runCountersign(tmpdir(), '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const create of COMMANDS) expect(stdout).toContain(`  ${create().name()} `)
    expect(stdout).toMatch(/0 {2}done\n {2}1 {2}it failed.*\n {2}2 {2}wrong usage/)
  })

  it.each([
    ['22.13.0', undefined],
    ['22.20.1', undefined],
    ['24.0.0', undefined],
    ['22.12.9', 'Node 22.12.9 is too old; install Node 22.13 or later'],
    ['20.20.2', 'Node 20.20.2 is too old; install Node 22.13 or later'],
  ])('on Node %s ends with the error %s', (running, error) => {
    expect(describeOldNode(running, '>=22.13')).toBe(error)
  })

  it('runs no command on an old Node', async () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: { node: '20.0.0' } } }))
    onTestFinished(() => void vi.unstubAllGlobals())
    const stderr = 'countersign: Node 20.0.0 is too old; install Node 22.13 or later\n'
    expect(await runHere('keygen')).toEqual({ code: 1, stdout: '', stderr })
  })

  it.each([[], ...COMMANDS.map((create) => [create().name()])])(
    'fits into 120 columns with the help of %s',
    async (...names) => {
      const { stdout } = await runHere(...names, '--help')
      expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([])
    },
  )

  it.each([['help'], ['help', 'inspect'], ['inspect', '-h'], ['--version'], ['-V', '--help']])(
    'ends with 0 for %s',
    async (...args) => {
      expect(await runHere(...args)).toMatchObject({ code: 0, stderr: '' })
    },
  )

  it.each(COMMANDS.map((create) => create().name()))('shows examples of %s', async (name) => {
    const { code, stdout } = await runHere(name, '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\\n  .*countersign ${name}`))
    expect(stdout).toContain('npx --package @countersign/dev-edge countersign')
  })

  it.each([
    [0, ['--help']],
    [0, ['dev', '--help']],
    [1, ['doctor', '--origin', 'http://127.0.0.1:9/', '--no-access', '--json']],
  ])('ends with %i as always when nobody reads its output: %j', async (code, args) => {
    const unread = await runUnread(tmpdir(), ...args)
    expect(unread.code).toBe(code)
    expect(unread.stderr).not.toMatch(/EPIPE|\bat /)
  })

  it('names the way to a folder without certificates', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { code, stderr } = await runHere('revoke', 'lost', '--folder', join(folder, 'none'))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^countersign: certificate lost is missing in .*none; start "countersign dev" in this folder first$/m,
    )
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('ends a process with 2 for wrong usage', async () => {
    const { code, stderr } = await runCountersign(tmpdir(), 'dev', '--orign', 'x')
    expect(code).toBe(2)
    expect(stderr).toBe(
      "countersign: unknown option '--orign'\n(Did you mean --origin?)\ncountersign dev --help shows its usage.\n",
    )
  })

  it.each([
    [[], /Usage: countersign/],
    [
      ['nonsense'],
      /^countersign: unknown command 'nonsense'\nCommands: init, dev, cert, revoke, keygen, doctor, inspect\ncountersign --help /,
    ],
    [['nonsense', '--help'], /^countersign: unknown command 'nonsense'\nCommands: init, dev, /],
    [['-h', 'nonsense'], /^countersign: unknown command 'nonsense'\nCommands: init, dev, /],
    [['help', 'nonsense'], /^countersign: unknown command 'nonsense'\nCommands: init, dev, /],
    [['inspct', '--help'], /^countersign: unknown command 'inspct'\n\(Did you mean inspect\?\)\nCommands: init, dev, /],
    [['--nonsense', '--help'], /^countersign: unknown option '--nonsense'\n/],
    [['dev', '--orign', 'http://127.0.0.1:3000'], /unknown option '--orign'\n\(Did you mean --origin\?\)/],
    [['dev'], /--origin is missing; write the address of your server: --origin http:\/\/127\.0\.0\.1:3000/],
    [['dev', '--origin', 'https://127.0.0.1:3000'], /Write a plain HTTP origin such as/],
    [['dev', '--origin', 'http://127.0.0.1:3000', '--port', '70000'], /Write a whole number from 0 to 65535/],
    [['dev', '--origin', 'http://127.0.0.1:3000', '--require', 'all'], /Allowed choices are none, verified/],
    [['cert'], /missing required argument 'name'/],
    [['cert', '../x'], /Write 1 to 64 of the characters/],
    [['cert', 'alice-key'], /may not end in "-key"/],
    [['cert', 'x', '--subject', 'nonsense'], /Write a name such as "CN=pay-1,O=Acme"/],
    [['cert', 'x', '--san', 'ip:999.1.1.1'], /Write dns:NAME, email:ADDRESS, uri:URI, ip:ADDRESS or upn:NAME@DOMAIN/],
    [['cert', 'x', '--san', 'other:x'], /Write dns:NAME/],
    [
      ['dev', '--origin', 'http://127.0.0.1:9', '--headers', 'rfc9440', '--forward-cert', 'leaf'],
      /--forward-cert belongs to the Worker, which does not run with --headers rfc9440; remove it/,
    ],
    [
      ['dev', '--origin', 'http://127.0.0.1:9', '--headers', 'cf-cert', '--worker', 'worker.ts'],
      /--worker belongs to the Worker, which does not run with --headers cf-cert; remove it/,
    ],
    [
      ['dev', '--origin', 'http://127.0.0.1:9', '--headers', 'cf-cert', '--origin-binding', 'ORIGIN'],
      /--origin-binding belongs to the Worker, which does not run with --headers cf-cert; remove it/,
    ],
    [
      ['doctor', '--origin', 'http://127.0.0.1:9/me', '--no-access', '--source', 'rfc9440'],
      /--no-access does not fit --source rfc9440, which needs Access; write --team and --audience/,
    ],
    [
      ['doctor', '--origin', 'http://127.0.0.1:9/me', '--no-access', '--preflight', 'dashboard.example.com'],
      /--preflight must be the origin of a page, without a path; write --preflight https/,
    ],
    [
      ['doctor', '--origin', 'http://127.0.0.1:9/me', '--no-access', '--preflight', 'https://dashboard.example.com'],
      /--edge is missing; write the URL at Cloudflare that the page of --preflight calls/,
    ],
    [
      ['dev', '--origin', 'http://127.0.0.1:9', '--headers', 'client-cert'],
      /Allowed choices are worker, rfc9440, cf-cert/,
    ],
    [
      ['inspect', '/dev/null', '--source', 'rfc9440', '--no-access', '--any-issuer'],
      /--no-edge is missing; write it next to --source rfc9440, because only the Worker signs requests/,
    ],
    [
      ['doctor', '--origin', 'http://127.0.0.1:9/me', '--no-access', '--source', 'cf-cert', '--keys', 'KEYS'],
      /^countersign: --keys does not fit --source cf-cert, because only the Worker signs requests; remove --keys$/m,
    ],
    [['cert', 'x', '--eku', 'clientauth'], /unknown purpose "clientauth"; write clientAuth\.$/m],
    [['cert', 'x', '--eku', 'nobody'], /unknown purpose "nobody"; write serverAuth, clientAuth, codeSigning/],
    [['cert', 'x', '--expired', '--days', '3'], /^countersign: --expired does not fit --days; remove one of the two$/m],
    [['revoke', '../../etc/passwd'], /Write 1 to 64 of the characters/],
    [['keygen', '--alg', 'rs256'], /Allowed choices are hmac-sha256, ed25519/],
  ])('ends with 2 and names the valid values: %j', async (args, message) => {
    const { code, stdout, stderr } = await runHere(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
