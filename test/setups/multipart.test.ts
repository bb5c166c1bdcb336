import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { startSetup } from '../support/setup.ts'

const BOUNDARY = 'a-boundary'
const upload = {
  method: 'POST',
  headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  payload: [
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="list.txt"',
    'Content-Type: text/plain',
    '',
    'one line',
    `--${BOUNDARY}--`,
    '',
  ].join('\r\n'),
} as const

async function build(options: CountersignPluginOptions, order: 'plugin first' | 'multipart first') {
  const app = Fastify()
  if (order === 'multipart first') await app.register(multipart)
  await app.register(countersign, options)
  if (order === 'plugin first') await app.register(multipart)
  app.post('/upload', { config: { clientCert: 'ops' } }, async (request) => {
    const file = await request.file()
    const text = String(await file?.toBuffer())
    return `${clientCertOf(request).subject.CN} sent ${file?.filename}: ${text}`
  })
  return app
}

describe('@fastify/multipart', () => {
  it.each([
    ['after', 'plugin first', []],
    ['before', 'multipart first', ['anonymous']],
  ] as const)('%s countersign, reads the files of an admitted client', async (_, order, hooksInFront) => {
    const { send, statuses } = await startSetup((options) => build({ ...options, hooksInFront }, order))
    expect(await statuses('/upload', upload)).toEqual([401, 403, 200])
    expect((await send('/upload', upload)).body).toBe('pay-1 sent list.txt: one line')
  })

  it('does not start before countersign without hooksInFront, and says what to write', async () => {
    await expect(startSetup((options) => build(options, 'multipart first'))).rejects.toThrow(
      'write hooksInFront: ["anonymous"]',
    )
  })
})
