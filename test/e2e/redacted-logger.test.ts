import { lineStream } from '@countersign/test-support/line-stream'
import Fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { readText } from '../support/files.ts'
import { redactedLogger } from '../support/redacted-logger.ts'

/** The lines of a server that answers one request with these headers, and logs them in several ways. */
async function linesOf(logger: object, headers: Record<string, string>): Promise<string> {
  const lines: string[] = []
  const app = Fastify({ logger: { ...logger, stream: lineStream((line) => lines.push(line)) } })
  onTestFinished(() => void app.close())
  app.get('/', (request, reply) => {
    request.log.info({ headers: request.headers }, 'headers')
    request.log.info({ res: { headers: { 'set-cookie': 'session=secret' } } }, 'answer')
    return reply.send('in')
  })
  await app.inject({ url: '/', headers })
  return lines.join('\n')
}

const SECRETS = Object.fromEntries(
  [
    'authorization',
    'cookie',
    'cf-access-jwt-assertion',
    'cf-access-client-secret',
    'signature',
    'client-cert',
    'client-cert-chain',
  ].map((name) => [name, `secret of ${name};`]),
)

it('the recipe is the file of docs/recipes.md', () => {
  expect(readText('docs/recipes.md')).toContain(readText('test/support/redacted-logger.ts'))
})

it('the recipe removes every credential, and leaves the other headers', async () => {
  const headers = { ...SECRETS, 'user-agent': 'curl', 'x-cert-serial': '0A' }
  const text = await linesOf(redactedLogger as object, headers)
  expect(text).not.toContain('secret')
  expect(text.match(/"x-cert-serial":"0A"/g)).toHaveLength(2)
  expect(text.match(/"user-agent":"curl"/g)).toHaveLength(2)
})

it('without the recipe the same server logs them, and Fastify itself logs no header', async () => {
  const text = await linesOf({ ...(redactedLogger as object), redact: [] }, SECRETS)
  for (const secret of Object.values(SECRETS)) expect(text.split(secret)).toHaveLength(3)
  const [incoming = ''] = (await linesOf({}, { 'accept-version': '1.x', ...SECRETS })).split('\n')
  expect(Object.keys(JSON.parse(incoming).req).sort()).toEqual(['host', 'method', 'remoteAddress', 'url', 'version'])
})
