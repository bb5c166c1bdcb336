import { generateKeyPairSync, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { argv, memoryUsage } from 'node:process'
import { tlv } from '../lib/fast-identities.ts'
import { parseCrl } from './internals.ts'

/** `node --expose-gc bench/probes/crl.ts [1000000]`: measures the loading of a revocation list of many entries. */
const entries = Number(argv[2] ?? 1_000_000)
const { der, ca, serials } = makeList(entries)

globalThis.gc?.()
const before = memoryUsage()
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const start = performance.now()
const list = await parseCrl(der, ca)
const loaded = performance.now() - start
delay.disable()
globalThis.gc?.()
const after = memoryUsage()

const found = serials.filter((serial) => list.serials.has(serial)).length
const lookups = 1_000_000
const lookupStart = performance.now()
let hits = 0
for (let at = 0; at < lookups; at += 1) if (list.serials.has(serials[at % serials.length] as Uint8Array)) hits += 1
const lookup = ((performance.now() - lookupStart) / lookups) * 1e6

if (list.serials.size !== entries || found !== serials.length || hits !== lookups)
  throw new Error('the parsed list does not match the written one')
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
console.log(`${entries.toLocaleString('en')} entries, ${megabytes(der.length)}: loaded in ${loaded.toFixed(0)} ms`)
console.log(`longest block of the event loop: ${(delay.max / 1e6).toFixed(0)} ms`)
console.log(
  `memory beside the list's own bytes: ${megabytes(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed)}`,
)
console.log(`a look-up: ${lookup.toFixed(0)} ns`)

/** Makes a signed list with random serial numbers of 16 bytes, and a sample of these numbers. */
function makeList(count: number) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = tlv(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = tlv(0x30, tlv(0x31, tlv(0x30, Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from('CA')))))
  const time = (text: string) => tlv(0x17, Buffer.from(text))
  const numbers = Array.from({ length: count }, () => Buffer.concat([Buffer.from([0x40]), randomBytes(15)]))
  const entry = (number: Buffer) => tlv(0x30, tlv(0x02, number), time('260101000000Z'))
  const revoked = tlv(0x30, Buffer.concat(numbers.map(entry)))
  const tbs = tlv(
    0x30,
    Buffer.from('020101', 'hex'),
    algorithm,
    name,
    time('260101000000Z'),
    time('490101000000Z'),
    revoked,
  )
  const signature = sign('sha256', tbs, privateKey)
  const der = tlv(0x30, tbs, algorithm, tlv(0x03, Buffer.from([0]), signature))
  // parseCrl reads only the name and the key of the certificate.
  const certificate = tlv(0x30, tlv(0x30, Buffer.from('020101', 'hex'), algorithm, name, tlv(0x30), name))
  const ca = { raw: certificate, publicKey, subject: 'CN=CA' } as unknown as X509Certificate
  return { der, ca, serials: numbers.filter((_, at) => at % 1000 === 0) }
}
