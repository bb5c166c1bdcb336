import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { type RecordingOrigin, startRecordingOrigin } from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RunningDev, runCountersign, startCountersignDev } from '../../../test/support/command.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const cwd = mkdtempSync(join(tmpdir(), 'countersign-'))
const anyPort = ['--port', '0', '--access-port', '0']
let origin: RecordingOrigin
let dev: RunningDev
let started: Started

/** The first line of `--json`. */
interface Started {
  readonly url: string
  readonly edgeCa: string
  readonly environmentFile: string
  readonly environment: Readonly<Record<string, string>>
  readonly clients: Readonly<Record<string, { readonly cert: string; readonly key: string; readonly pkcs12: string }>>
}

beforeAll(async () => {
  origin = await startRecordingOrigin()
  dev = startCountersignDev(cwd, '--origin', origin.url, ...anyPort, '--json')
  started = JSON.parse(await dev.line(/"started"/))
})
afterAll(async () => {
  await dev.stop()
  await origin.close()
  rmSync(cwd, { recursive: true })
})

/** Sends a request to the edge with the files in the folder. Returns the request that the origin recorded. */
function get(path: string, name?: string): Promise<{ readonly headers: Record<string, string> }> {
  const { cert, key } = (name ? started.clients[name] : undefined) ?? {}
  return new Promise((resolve, reject) => {
    const ca = readFileSync(started.edgeCa)
    const client = cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : {}
    request(`${started.url}${path}`, { ca, ...client, agent: false }, (response) => {
      resolve(json(response) as Promise<{ headers: Record<string, string> }>)
    })
      .on('error', reject)
      .end()
  })
}

describe('countersign dev', () => {
  it('works with an origin without any set-up, and verifies the certificates that it wrote', async () => {
    expect((await get('/me?a=b', 'alice')).headers).toMatchObject({
      'x-cert-verify': 'SUCCESS',
      'x-cert-subject-dn-2253': 'CN=alice,OU=Ops,O=Acme,C=US',
      signature: expect.stringMatching(/^countersign=:/),
    })
    expect((await get('/', 'expired')).headers['x-cert-verify']).toBe('FAILED:certificate has expired')
    expect((await get('/')).headers['x-cert-verify']).toBe('NONE')
  })

  it('accepts a certificate that was issued while it runs, and reports an expired one as Cloudflare does', async () => {
    const issue = async (...args: string[]) => {
      const { stdout } = await runCountersign(cwd, 'cert', ...args, '--json')
      const { name, ...files } = JSON.parse(stdout)
      started = { ...started, clients: { ...started.clients, [name]: files } }
    }
    await issue('pay-1', '--subject', 'CN=pay-1,OU=Payments,O=Acme')
    expect((await get('/', 'pay-1')).headers['x-cert-verify']).toBe('SUCCESS')
    await issue('late', '--expired')
    expect((await get('/', 'late')).headers['x-cert-verify']).toBe('FAILED:certificate has expired')
    await issue('stranger', '--ca', 'other-ca')
    expect((await get('/', 'stranger')).headers['x-cert-verify']).toBe('FAILED:unable to verify the first certificate')
  })

  it('names the option that chooses another port when one is taken', async () => {
    const { port } = new URL(started.url)
    const taken = await runCountersign(cwd, 'dev', '--origin', origin.url, '--port', port, '--access-port', '0')
    expect({ code: taken.code, stdout: taken.stdout }).toEqual({ code: 1, stdout: '' })
    expect(taken.stderr).toContain(
      `port ${port} is taken; end the process that listens there, or choose another port with --port`,
    )
    const accessPort = new URL(started.environment['ACCESS_JWKS_URI'] ?? '').port
    const access = await runCountersign(cwd, 'dev', '--origin', origin.url, '--port', '0', '--access-port', accessPort)
    expect(access.code).toBe(1)
    expect(access.stderr).toContain(
      `port ${accessPort} is taken; end the process that listens there, or choose another port with --access-port`,
    )
  })

  it.each([
    [['--port', '9443', '--access-port', '9443'], '--access-port must differ from --port 9443; write another port'],
    [['--origin-binding', 'ORIGIN'], '--origin-binding must be COUNTERSIGN_ORIGIN for the Worker of Countersign;'],
    [['--origin-binding', 'my origin'], 'Write the name of a binding such as COUNTERSIGN_ORIGIN.'],
  ])('refuses %j as wrong usage', async (flags, message) => {
    const wrong = await runCountersign(cwd, 'dev', '--origin', origin.url, ...anyPort, ...flags)
    expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain(message)
  })

  it('stays the same over a restart, waits for an origin that is not up, and ends with 0', async () => {
    const absent = await startRecordingOrigin()
    await absent.close()
    const again = startCountersignDev(cwd, '--origin', absent.url, ...anyPort)
    await again.progress(/Nothing listens at http:\/\/127\.0\.0\.1:\d+ yet/)
    // Another process may have taken the port by now. Then an origin is up as well.
    await new Promise<void>((resolve) =>
      absent.server.once('error', resolve).listen(Number(new URL(absent.url).port), '127.0.0.1', resolve),
    )
    await again.progress(/is up\.$/)
    const text = again.lines.join('\n')
    for (const name of ['COUNTERSIGN_KEYS', 'ACCESS_AUDIENCE', 'ACCESS_ISSUER', 'CLIENT_CA']) {
      expect(text).toContain(started.environment[name])
    }
    expect(await again.stop()).toBe(0)
    await absent.close()
  })

  it('prints curl commands that work when pasted', async () => {
    const printed = startCountersignDev(cwd, '--origin', origin.url, ...anyPort)
    const line = await printed.line(/curl .*alice/)
    // The origin runs in this process, so a synchronous curl would block it.
    const { stdout } = await promisify(execFile)('sh', ['-c', `${line} --silent --show-error`], { cwd })
    expect(JSON.parse(stdout).headers['x-cert-verify']).toBe('SUCCESS')
    expect(await printed.line(/ 200 .*alice/)).toMatch(
      /^\d\d:\d\d:\d\d {2}200 {2}GET \/ {2}alice {2}SUCCESS {2}\d+ ms$/,
    )
    expect(await printed.line(/In a browser/)).toMatch(/clients\/alice\.p12 \(password: countersign\)/)
    expect(await printed.stop()).toBe(0)
  })

  it('runs a Worker of your own, and reloads it when its source changes', async () => {
    const worker = join(cwd, 'worker.js')
    const write = (text: string, name = 'worker.js') => {
      const path = join(cwd, name)
      writeFileSync(path, `export default { fetch: () => new Response(${JSON.stringify(text)}) }`)
      return path
    }
    write('one')
    const own = startCountersignDev(cwd, '--origin', origin.url, ...anyPort, '--worker', 'worker.js', '--json')
    const { url, edgeCa }: Started = JSON.parse(await own.line(/"started"/))
    const read = async () => {
      const { stdout } = await promisify(execFile)('curl', ['--silent', '--cacert', edgeCa, url])
      return stdout
    }
    expect(await read()).toBe('one')
    write('two')
    await own.progress(/The Worker was reloaded/)
    expect(await read()).toBe('two')
    // As an editor saves: a new file takes the name of the old one.
    for (const text of ['three', 'four']) {
      renameSync(write(text, 'worker.js.new'), worker)
      await expect.poll(read, { timeout: 8000 }).toBe(text)
    }
    write('two')
    await expect.poll(read, { timeout: 8000 }).toBe('two')
    writeFileSync(worker, 'export default {')
    await own.progress(/The Worker was not reloaded/)
    expect(await read()).toBe('two')
    expect(JSON.parse(await own.line(/"request"/))).toMatchObject({ event: 'request', path: '/', status: 200 })
    expect(await own.stop()).toBe(0)
  })

  describe('with a file of wrangler', () => {
    const folder = join(cwd, 'edge')
    const write = (text: string, name = 'wrangler.jsonc') => writeFileSync(join(folder, name), text)
    const file = {
      main: 'src/worker.ts',
      compatibility_flags: ['nodejs_compat'],
      vars: { GREETING: 'hello', COUNTERSIGN_FORWARD_CERT: 'chain', COUNTERSIGN_NAMES: 'rfc2253' },
      env: { staging: { vars: { GREETING: 'moin' } } },
    }
    beforeAll(() => {
      mkdirSync(join(folder, 'src'), { recursive: true })
      write(JSON.stringify(file))
      write('API_TOKEN=a-secret', '.dev.vars')
      write(
        `import { Buffer } from 'node:buffer'
         export default { fetch(request: Request, { COUNTERSIGN_KEY, ...env }: Record<string, string>) {
           return Response.json({ ...env, node: Buffer.from('x').toString('hex') })
         } }`,
        'src/worker.ts',
      )
    })

    const answerOf = async (...flags: string[]) => {
      const own = startCountersignDev(cwd, '--origin', origin.url, ...anyPort, ...flags, '--json')
      const { url, edgeCa }: Started = JSON.parse(await own.line(/"started"/))
      const { stdout } = await promisify(execFile)('curl', ['--silent', '--cacert', edgeCa, url])
      return { own, answer: JSON.parse(stdout) }
    }

    it('runs the Worker of --worker with the file above it, and asks for a restart when the file changes', async () => {
      const { own, answer } = await answerOf('--worker', 'edge/src/worker.ts', '--names', 'all')
      expect(answer).toEqual({
        GREETING: 'hello',
        API_TOKEN: 'a-secret',
        COUNTERSIGN_FORWARD_CERT: 'chain',
        COUNTERSIGN_REQUIRE: 'none',
        COUNTERSIGN_NAMES: 'all',
        node: '78',
      })
      expect(await own.progress(/is read/)).toBe('edge/wrangler.jsonc is read, with the secrets of edge/.dev.vars.')
      expect(JSON.parse(await own.line(/"started"/))).toMatchObject({ forwardCert: 'chain' })
      write(JSON.stringify({ ...file, name: 'x' }))
      await own.progress(/^wrangler\.jsonc has changed; restart the edge to read it\.$/)
      write('API_TOKEN=another', '.dev.vars')
      await own.progress(/^\.dev\.vars has changed; restart the edge to read it\.$/)
      expect(await own.stop()).toBe(0)
    })

    it("runs the file's own Worker in one of its environments", async () => {
      const { own, answer } = await answerOf('--config', 'edge/wrangler.jsonc', '--env', 'staging')
      expect(answer).toMatchObject({ GREETING: 'moin', COUNTERSIGN_FORWARD_CERT: 'leaf', COUNTERSIGN_NAMES: 'all' })
      expect(await own.stop()).toBe(0)
    })

    it.each([
      [
        ['--worker', 'edge/src/worker.ts', '--env', 'live'],
        1,
        'env.live is missing in edge/wrangler.jsonc; it has staging.',
      ],
      [
        ['--worker', 'edge/src/worker.ts', '--without', 'rules'],
        1,
        '--without rules names no key of edge/wrangler.jsonc',
      ],
      [
        ['--worker', 'edge/src/worker.ts', '--no-config', '--env', 'live'],
        1,
        '--env is about a wrangler.jsonc, and none is read',
      ],
      [
        ['--without', 'rules'],
        1,
        '--without is about a wrangler.jsonc, and none is read; write its path with --config',
      ],
      [['--config', 'none.jsonc'], 1, 'none.jsonc cannot be read (ENOENT)'],
      [['--config', 'edge/empty.jsonc'], 1, 'main is missing in edge/empty.jsonc; write the path of the Worker'],
      [
        ['--config', 'edge/late.jsonc'],
        1,
        'compatibility_date of edge/late.jsonc is 2999-01-01, and this workerd knows dates up to',
      ],
      [
        ['--config', 'edge/late.jsonc', '--compatibility-date', 'now'],
        1,
        '--compatibility-date must be a date such as',
      ],
      [['--compatibility-date', '2999-01-01'], 1, '--compatibility-date is 2999-01-01, and this workerd knows'],
      [
        ['--headers', 'rfc9440', '--config', 'x'],
        2,
        '--config belongs to the Worker, which does not run with --headers rfc9440',
      ],
      [['--headers', 'rfc9440', '--without', 'x'], 2, '--without belongs to the Worker, which does not run'],
    ])('refuses %j', async (flags, exitCode, message) => {
      write('{}', 'empty.jsonc')
      write('{ "main": "src/worker.ts", "compatibility_date": "2999-01-01" }', 'late.jsonc')
      const wrong = await runCountersign(cwd, 'dev', '--origin', origin.url, ...anyPort, ...flags)
      expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: exitCode, stdout: '' })
      expect(wrong.stderr).toContain(message)
    })

    it('that is in the working directory is not read by the Worker of Countersign, and a line states it', async () => {
      const own = startCountersignDev(folder, '--origin', origin.url, ...anyPort)
      expect(await own.progress(/is not read/)).toBe(
        'The Worker of Countersign runs, and wrangler.jsonc is not read. For the Worker of wrangler.jsonc, write --config wrangler.jsonc.',
      )
      await own.line(/Ctrl\+C/)
      expect(await own.stop()).toBe(0)
    })
  })

  it('ends with 0 when the reader of its output leaves', async () => {
    const own = startCountersignDev(cwd, '--origin', origin.url, ...anyPort, '--json')
    const { url, edgeCa }: Started = JSON.parse(await own.line(/"started"/))
    const ended = own.leave()
    await promisify(execFile)('curl', ['--silent', '--cacert', edgeCa, url])
    expect(await ended).toBe(0)
  })

  it("writes the origin's environment for node --env-file", () => {
    const script = 'console.log(JSON.stringify(process.env))'
    const args = [`--env-file=${started.environmentFile}`, '-e', script]
    const read = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    expect(JSON.parse(read.COUNTERSIGN_KEYS)).toEqual(JSON.parse(started.environment['COUNTERSIGN_KEYS'] ?? ''))
    expect(Object.keys(read)).toEqual(expect.arrayContaining(Object.keys(started.environment)))
  })
})
