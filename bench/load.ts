import { createHmac, createPrivateKey, createSecretKey, randomBytes, sign } from 'node:crypto'
import { connect } from 'node:net'
import { argv } from 'node:process'
import { buildSignatureBase, COVERED_FIELDS, formatSignatureInput, type SigningJwk } from '@countersign/wire'
import type { Sample } from './sample.ts'

/** The load, in a process of its own: keep-alive connections, one request under way on each, a fresh signature for every request. */
const CONNECTIONS = 64
const AUTHORITY = 'bench.example'

const [, , job = ''] = argv
const { port, seconds, sample, signed } = JSON.parse(job) as {
  port: number
  seconds: number
  sample: Sample
  signed: boolean
}
const next = signed ? signedRequests(sample) : unsignedRequests(sample)
const end = performance.now() + seconds * 1000
const counts = { answered: 0, refused: 0 }

await Promise.all(Array.from({ length: CONNECTIONS }, run))
process.send?.(counts)
process.disconnect()

function run(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(next(), 'latin1'))
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', (chunk) => {
      // The answers are short: one chunk is one answer.
      if (chunk.subarray(9, 12).toString('latin1') === '200') counts.answered += 1
      else counts.refused += 1
      if (performance.now() < end) socket.write(next(), 'latin1')
      else socket.end()
    })
  })
}

function head({ headers }: Sample): string {
  const lines = headers.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() !== 'host' ? [`${name}: ${headers[at + 1]}\r\n`] : [],
  )
  return `GET / HTTP/1.1\r\nHost: ${AUTHORITY}\r\n${lines.join('')}`
}

function unsignedRequests(of: Sample): () => string {
  const request = `${head(of)}\r\n`
  return () => request
}

function signedRequests(of: Sample): () => string {
  const start = head(of)
  const values = new Map(
    of.headers.flatMap((name, at) =>
      at % 2 === 0 ? [[name.toLowerCase(), of.headers[at + 1] as string] as const] : [],
    ),
  )
  const fields = COVERED_FIELDS.filter((field) => values.has(field))
  const target = { authority: AUTHORITY, method: 'GET', path: '/', query: '?' }
  const { alg, signBase } = signer(of.key)
  return () => {
    const created = Math.floor(Date.now() / 1000)
    const nonce = randomBytes(16).toString('base64url')
    const input = formatSignatureInput(fields, { created, expires: created + 60, nonce, keyid: of.key.kid ?? '', alg })
    const signature = signBase(buildSignatureBase(fields, (field) => values.get(field), target, input))
    return `${start}Signature-Input: countersign=${input}\r\nSignature: countersign=:${signature.toString('base64')}:\r\n\r\n`
  }
}

function signer(jwk: SigningJwk) {
  if (jwk.kty === 'oct') {
    const secret = createSecretKey(jwk.k as string, 'base64url')
    return {
      alg: 'hmac-sha256' as const,
      signBase: (base: string) => createHmac('sha256', secret).update(base, 'latin1').digest(),
    }
  }
  const key = createPrivateKey({ format: 'jwk', key: jwk as never })
  return { alg: 'ed25519' as const, signBase: (base: string) => sign(null, Buffer.from(base, 'latin1'), key) }
}
