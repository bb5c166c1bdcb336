import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkSigningKey, type SigningJwk } from '@countersign/wire'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { runHere } from '../../../test/support/command.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

interface Keys {
  readonly workerKey: SigningJwk
  readonly originKeys: SigningJwk[]
  readonly originKeysWhenDone?: SigningJwk[]
}

async function keygen(...args: string[]): Promise<Keys> {
  const { code, stdout, stderr } = await runHere('keygen', '--json', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('countersign keygen', () => {
  it('makes an HMAC key for both ends', async () => {
    const { workerKey, originKeys } = await keygen()
    expect(checkSigningKey(workerKey, 'sign').alg).toBe('hmac-sha256')
    expect(workerKey.kid).toMatch(/^\d{4}-\d\d-[0-9a-f]{8}$/)
    expect(originKeys).toEqual([workerKey])
  })

  it('gives the origin no private half of an Ed25519 key', async () => {
    const { workerKey, originKeys } = await keygen('--alg', 'ed25519')
    expect(checkSigningKey(workerKey, 'sign').alg).toBe('ed25519')
    const { d, ...publicKey } = workerKey
    expect(d).toBeDefined()
    expect(originKeys).toEqual([publicKey])
  })

  it('adds a key of the same kind to a set, in a file or in a variable', async () => {
    const { originKeys: first } = await keygen('--alg', 'ed25519')
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: first }))
    const second = await keygen('--rotate', join(folder, 'keys.json'))
    expect(second.originKeys).toEqual([...first, ...(second.originKeysWhenDone ?? [])])
    expect(second.originKeysWhenDone).toHaveLength(1)
    expect(second.workerKey.crv).toBe('Ed25519')
    vi.stubEnv('COUNTERSIGN_KEYS', JSON.stringify(second.originKeys))
    const third = await keygen('--rotate', 'COUNTERSIGN_KEYS', '--alg', 'hmac-sha256')
    expect(third.originKeys).toEqual([...second.originKeys, third.workerKey])
  })

  it('names the place of each key, and the order of a rotation', async () => {
    const first = await runHere('keygen')
    expect(first.stdout).toMatch(/^COUNTERSIGN_KEYS='\[\{.*\}\]'$/m)
    expect(first.stdout).toMatch(/npx wrangler secret put COUNTERSIGN_KEY, and paste this line\n\{"kty":"oct",.*\}$/m)
    const { originKeys } = await keygen()
    vi.stubEnv('COUNTERSIGN_KEYS', JSON.stringify(originKeys))
    const { stdout } = await runHere('keygen', '--rotate', 'COUNTERSIGN_KEYS')
    const at = (text: string) => stdout.indexOf(text)
    expect([at('1. The origin'), at('2. The Worker'), at('3. A minute or more')]).toEqual(
      [at('1. The origin'), at('2. The Worker'), at('3. A minute or more')].toSorted((a, b) => a - b),
    )
    expect(at('1. The origin')).toBeGreaterThan(-1)
  })

  it('prints the keys as their place has them: a variable of any name, or a file', async () => {
    const { originKeys } = await keygen()
    vi.stubEnv('EDGE_KEYS', JSON.stringify(originKeys))
    const inVariable = await runHere('keygen', '--rotate', 'EDGE_KEYS')
    expect(inVariable.stdout.match(/^EDGE_KEYS='\[\{.*\}\]'$/gm)).toHaveLength(2)
    const file = join(folder, 'edge-keys.json')
    writeFileSync(file, JSON.stringify(originKeys))
    const { stdout } = await runHere('keygen', '--rotate', file)
    expect(stdout).not.toMatch(/^\w+=/m)
    const texts = stdout.split('\n').filter((line) => line.startsWith('['))
    expect(texts.map((text) => JSON.parse(text).length)).toEqual([2, 1])
    expect(JSON.parse(texts[0] ?? '')).toEqual([...originKeys, ...JSON.parse(texts[1] ?? '')])
    expect(stdout).toContain(`1. The origin, with the old key and the new one, as the text of ${file}:\n`)
    expect(stdout).toContain(`the new key alone, as the text of ${file}:\n`)
  })

  it.each([
    [
      '[{"kty":"oct","kid":"a","k":"dGlueXNlY3JldA"}]',
      /^countersign: --rotate: .*"k" must be at least 32 random bytes/,
    ],
    ['{"kty":"oct","kid":"a","crv":1}', /^countersign: --rotate: /],
    ['"dGlueXNlY3JldA"', /^countersign: --rotate: /],
    [
      'A=1\nCOUNTERSIGN_KEYS=\'[{"k":"dGlueXNlY3JldA"}]\'',
      /^countersign: --rotate is a list of environment variables, /,
    ],
    ['{"kty":"oct","kid":"a","k":"dGlueXNlY3JldA"', /--rotate: not valid JSON/],
    ['[]', /^countersign: --rotate: the set contains no key; omit --rotate to make the first$/m],
    ['', /--rotate is neither a variable that is set nor a file that can be read \(ENOENT\)/],
  ])('refuses the set %s without repeating it', async (keys, message) => {
    vi.stubEnv('COUNTERSIGN_KEYS', keys)
    const { code, stdout, stderr } = await runHere('keygen', '--rotate', 'COUNTERSIGN_KEYS')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('dGlueXNlY3JldA')
  })

  it('refuses keys in an argument, which other users of the machine can read', async () => {
    const { originKeys } = await keygen()
    const { code, stdout, stderr } = await runHere('keygen', '--rotate', JSON.stringify(originKeys))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/--rotate contains the keys themselves, .*such as --rotate COUNTERSIGN_KEYS/)
    expect(stderr).not.toContain(originKeys[0]?.k)
  })

  it('reads the keys from standard input', async () => {
    const { originKeys } = await keygen()
    const main = fileURLToPath(new URL('../main.ts', import.meta.url))
    const args = [main, 'keygen', '--json', '--rotate', '-']
    const stdout = execFileSync(process.execPath, args, { input: JSON.stringify(originKeys), encoding: 'utf8' })
    expect(JSON.parse(stdout).originKeys.slice(0, -1)).toEqual(originKeys)
    const text = execFileSync(process.execPath, args.with(2, '--alg=hmac-sha256'), {
      input: JSON.stringify(originKeys),
      encoding: 'utf8',
    })
    expect(text).toMatch(/the old key and the new one:\n\[\{.*\}\]\n/)
  })
})
