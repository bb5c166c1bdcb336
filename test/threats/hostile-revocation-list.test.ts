import type { RequestListener } from 'node:http'
import { type LocalServer, startServer } from '@countersign/test-support/local-server'
import { der } from '@countersign/test-support/write-der'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'

/** A value of any length. `der` writes lengths of two bytes at most. */
function long(tag: number, contents: Uint8Array): Buffer {
  const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(contents.length, 2)
  if (contents.length < 0x1000000) return Buffer.concat([Buffer.from([tag, 0x83]), head.subarray(3), contents])
  return Buffer.concat([head, contents])
}
const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
const unsigned = (signed: Uint8Array) =>
  long(0x30, Buffer.concat([long(0x30, signed), ECDSA_WITH_SHA256, der(0x03, '\0', Buffer.alloc(70))]))

const attribute = der(0x31, der(0x30, der(0x06, '\x55\x04\x03'), der(0x0c, 'x')))
const MEGABYTES_3 = 3_000_000

/** Lists that no CA signed. To parse any of the first three took seconds, or the memory of the process. */
const hostile: Record<string, Buffer> = {
  'a name of 40,000 attributes of one type': unsigned(
    Buffer.concat([
      Buffer.from('020101', 'hex'),
      ECDSA_WITH_SHA256,
      long(0x30, Buffer.concat(Array(40_000).fill(attribute))),
    ]),
  ),
  'an object identifier of 160 kB': unsigned(long(0x06, Buffer.alloc(160_000, 0x81))),
  'a million empty values': unsigned(Buffer.alloc(MEGABYTES_3, Buffer.from([5, 0]))),
  'a million nested values': Buffer.alloc(MEGABYTES_3, 0x30),
  'a length of 4 GB': Buffer.concat([Buffer.from('3084ffffffff', 'hex'), Buffer.alloc(MEGABYTES_3)]),
  'a PEM file of 100,000 lists': Buffer.from('-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n'.repeat(50_000)),
  'half of a PEM file': Buffer.concat([Buffer.from('-----BEGIN X509 CRL-----\n'), Buffer.alloc(MEGABYTES_3, 'A')]),
  rubbish: Buffer.alloc(MEGABYTES_3, 'x'),
}

/** It never ends. */
const endless: RequestListener = (_request, response) => {
  const send = () => {
    while (!response.destroyed && response.write('x'.repeat(1000)));
    if (!response.destroyed) response.once('drain', send)
  }
  send()
}

describe('a list that no CA signed', () => {
  let chain: Chain
  let server: LocalServer
  let answer: RequestListener
  beforeAll(async () => {
    server = await startServer((request, response) => answer(request, response))
    chain = await startChain({
      plugin: (edge) => {
        answer = (_request, response) => void edge.clientCrl().then((list) => response.end(list))
        return { trustedIssuers: [{ ca: edge.clientCa, revocation: { crl: `${server.url}/ca.crl`, refresh: 1 } }] }
      },
    })
  })
  afterAll(async () => {
    await chain.close()
    await server.close()
  })

  it.each([...Object.keys(hostile), 'a stream without an end'])(
    'neither holds up requests nor replaces the list: %s',
    async (name) => {
      const bytes = hostile[name]
      const [asked, failures] = [server.requests(), chain.log.length]
      answer = bytes ? (_request, response) => response.end(bytes) : endless
      await expect.poll(() => server.requests(), { timeout: 15_000 }).toBeGreaterThan(asked)
      // The origin answers while the list is loaded and refused, and the list from before counts.
      do {
        expect(await chain.through('/me', { client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
      } while (!chain.log.slice(failures).join('\n').includes('the revocation list of'))
    },
  )
})
