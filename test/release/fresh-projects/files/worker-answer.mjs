/** Sends a request of Cloudflare to the bundle of the Worker, and prints the request that reaches the origin. */
import { randomBytes } from 'node:crypto'
import worker from './dist/worker.js'

const key = { kty: 'oct', kid: 'fresh', k: randomBytes(32).toString('base64url') }
const cf = { tlsClientAuth: { certPresented: '0', certVerified: 'NONE', certRevoked: '0' } }
globalThis.fetch = async ({ url, headers }) => {
  console.log(`${url} ${headers.get('x-cert-verify')} ${headers.get('signature-input')}`)
  return new Response('the origin')
}

const headers = { 'x-cert-verify': 'SUCCESS' }
const request = Object.assign(new Request('https://app.example.com/me', { headers }), { cf })
const response = await worker.fetch(request, { COUNTERSIGN_KEY: JSON.stringify(key) })
console.log(`answered ${response.status} ${await response.text()}`)
