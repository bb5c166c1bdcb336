import { X509Certificate } from 'node:crypto'
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
const derFile = join(root, 'ca.der')
writeFileSync(derFile, new X509Certificate(pem).raw)

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
      access: { team: 'acme', audience: AUDIENCE },
      ca: pem,
      algorithm: 'ed25519',
    })
    expect(printed.match(/[^:]+: /g)).toEqual([
      'Hostname at Cloudflare, such as app.example.com: ',
      'Access team, the acme of acme.cloudflareaccess.com, or - without Access: ',
      "The application's Audience (AUD) tag, 64 hexadecimal digits: ",
      'File with the CA of the client certificates, in PEM: ',
      'Algorithm of the signature, hmac-sha256 or ed25519 [hmac-sha256]: ',
    ])
  })

  it('asks only for values without a flag, and takes the default for an empty line', async () => {
    const flags = { hostname: 'app.example.com', audience: AUDIENCE, ca: caFile }
    const { values, printed } = await ask(flags, 'acme', '')
    expect(values).toMatchObject({ access: { team: 'acme', audience: AUDIENCE }, algorithm: 'hmac-sha256' })
    expect(printed).not.toContain('Hostname')
  })

  it("asks again after the plugin's own sentence", async () => {
    const flags = { team: 'acme', audience: AUDIENCE, algorithm: 'ed25519' }
    const { values, printed } = await ask(
      flags,
      '',
      'https://x',
      'app.example.com',
      join(root, 'none'),
      '',
      derFile,
      caFile,
    )
    expect(values).toMatchObject({ hostname: 'app.example.com', ca: pem })
    expect(printed).toContain(': hostname is missing; write a name such as app.example.com\n')
    expect(printed).toContain(': hostname: "https://x" is not a host name; write a name such as "app.example.com"')
    expect(printed).toContain(`: ca cannot be read (ENOENT at ${root}/none); write the path of a file in PEM\n`)
    expect(printed).toContain(
      ': ca is missing; write the path of a file in PEM, or make a first CA in another terminal: openssl req -x509 ',
    )
    expect(printed).toContain(
      ': ca is in DER; write the path of a file in PEM, from openssl x509 -inform der -in FILE -out ca.pem\n',
    )
  })

  it.each([
    ['-', {}, ['-']],
    ['the flag', { access: false }, []],
  ])('asks for no value of Access after %s', async (_case, flags, answers) => {
    const { values, printed, left } = await ask({ ...flags, hostname: 'app.example.com' }, ...answers, caFile, '')
    expect(values).toEqual({ hostname: 'app.example.com', access: null, ca: pem, algorithm: 'hmac-sha256' })
    expect(printed).not.toContain('Audience')
    expect(left).toEqual([])
  })

  it('does not take - for a team next to an audience', async () => {
    const flags = { hostname: 'app.example.com', audience: AUDIENCE, ca: caFile, algorithm: 'ed25519' }
    const { values, printed } = await ask(flags, '-', 'acme')
    expect(values).toMatchObject({ access: { team: 'acme', audience: AUDIENCE } })
    expect(printed).toContain(': team must be the name before .cloudflareaccess.com, such as "acme", in lower case\n')
  })

  it('accepts a CA with text in front of it, which begins as DER does', async () => {
    const file = join(root, 'text-first.pem')
    writeFileSync(file, `0 s:/CN=Acme\n${pem}`)
    const { values } = await ask({ hostname: 'app.example.com', access: false, ca: file, algorithm: 'ed25519' })
    expect(values).toMatchObject({ ca: `0 s:/CN=Acme\n${pem}` })
  })

  it('prints nothing after the last answer', async () => {
    const { printed } = await ask({ hostname: 'app.example.com', access: false, ca: caFile }, 'ed25519')
    expect(printed).toBe('Algorithm of the signature, hmac-sha256 or ed25519 [hmac-sha256]: ')
  })

  it('refuses a wrong flag before the first question', async () => {
    const { values, printed } = await ask({ algorithm: 'rs256' })
    expect(values).toEqual(new TypeError('--algorithm must be hmac-sha256 or ed25519'))
    expect(printed).toBe('')
  })

  it('fails if the input ends before the last answer', async () => {
    const { values, printed } = await ask({}, 'app.example.com')
    expect(printed).toMatch(/Access: \n$/)
    expect(values).toEqual(new Error('the answers ended; nothing was written'))
    expect(values).not.toBeInstanceOf(TypeError)
  })
})
