import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { toPem } from '../../pki/dev-client.ts'
import { createAuthorities } from '../../pki/pki.ts'
import { askProject, type ProjectFlags } from './ask-project.ts'

const root = mkdtempSync(join(tmpdir(), 'countersign-'))
afterAll(() => rmSync(root, { recursive: true }))

const caFile = join(root, 'ca.pem')
const pem = toPem((await createAuthorities()).ca.certificate)
writeFileSync(caFile, pem)

const AUDIENCE = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'

/** Answers each question in turn, and then ends the input. */
async function ask(flags: ProjectFlags, ...answers: string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  let printed = ''
  output.on('data', (chunk) => {
    printed += chunk
    if (!/: $/.test(printed)) return
    const answer = answers.shift()
    if (answer === undefined) input.end()
    else input.write(`${answer}\n`)
  })
  const values = await askProject(flags, input, output).catch((error: Error) => error)
  return { values, printed: stripVTControlCharacters(printed), left: answers }
}

describe('askProject', () => {
  it('asks for each value in turn', async () => {
    const { values, printed } = await ask({}, 'App.example.com', ' acme ', AUDIENCE, caFile, 'ed25519')
    expect(values).toEqual({
      hostname: 'app.example.com',
      team: 'acme',
      audience: AUDIENCE,
      ca: pem,
      algorithm: 'ed25519',
    })
    expect(printed.match(/[^:]+: /g)).toEqual([
      'Hostname at Cloudflare, such as app.example.com: ',
      'Access team, the acme of acme.cloudflareaccess.com: ',
      "The application's Audience (AUD) tag, 64 hexadecimal digits: ",
      'File with the CA of the client certificates, in PEM: ',
      'Algorithm of the signature, hmac-sha256 or ed25519 [hmac-sha256]: ',
    ])
  })

  it('asks only for values without a flag, and takes the default for an empty line', async () => {
    const flags = { hostname: 'app.example.com', audience: AUDIENCE, ca: caFile }
    const { values, printed } = await ask(flags, 'acme', '')
    expect(values).toMatchObject({ team: 'acme', algorithm: 'hmac-sha256' })
    expect(printed).not.toContain('Hostname')
  })

  it("asks again after the plugin's own sentence", async () => {
    const flags = { team: 'acme', audience: AUDIENCE, algorithm: 'ed25519' }
    const { values, printed } = await ask(flags, '', 'https://x', 'app.example.com', join(root, 'none'), caFile)
    expect(values).toMatchObject({ hostname: 'app.example.com', ca: pem })
    expect(printed).toContain(': hostname is missing; write a name such as app.example.com\n')
    expect(printed).toContain(': hostname: "https://x" is not a host name; write a name such as "app.example.com"')
    expect(printed).toContain(': ca cannot be read (ENOENT); write the path of a file in PEM\n')
  })

  it('refuses a wrong flag before the first question', async () => {
    const { values, printed } = await ask({ algorithm: 'rs256' })
    expect(values).toEqual(new TypeError('--algorithm must be hmac-sha256 or ed25519'))
    expect(printed).toBe('')
  })

  it('fails if the input ends before the last answer', async () => {
    const { values } = await ask({}, 'app.example.com')
    expect(values).toEqual(new Error('the answers ended; nothing was written'))
    expect(values).not.toBeInstanceOf(TypeError)
  })
})
