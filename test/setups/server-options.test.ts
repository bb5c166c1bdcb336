import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPS, SALES, startSetup } from '../support/setup.ts'

const build = (server: FastifyServerOptions) => async (options: CountersignPluginOptions) => {
  const app = Fastify(server)
  await app.register(countersign, options)
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => `${request.host} ${clientCertOf(request).subject.CN}`)
  app.get('/versions', { constraints: { version: '1.0.0' }, config: { clientCert: 'ops' } }, () => 'one')
  app.get('/versions', { constraints: { version: '2.0.0' }, config: { clientCert: false } }, () => 'two')
  app.get('/hosts', { constraints: { host: 'localhost' }, config: { clientCert: 'ops' } }, () => 'local')
  return app
}

describe('an option of the server', () => {
  it('trustProxy changes no signed value, and lets unsigned headers state the host', async () => {
    const { send, statuses } = await startSetup(build({ trustProxy: true }))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
    const headers = { 'x-forwarded-host': 'other.example.com' }
    const { status, body } = await send('/ops', { headers })
    expect([status, body.endsWith(' pay-1')]).toEqual([200, true])
  })

  it('rewriteUrl leaves the signed URL as it was, and the guard is that of the new URL', async () => {
    const rewriteUrl = ({ url = '' }) => url.replace(/^\/old/, '/ops')
    const { statuses } = await startSetup(build({ rewriteUrl }))
    expect(await statuses('/old')).toEqual([401, 403, 200])
    expect(await statuses('/ops')).toEqual([401, 403, 200])
  })

  it.each(['/ops', '/OPS', '/ops/', '//ops', '/ops;a=b'])(
    'routerOptions: the route that the router finds for %s has its guard',
    async (url) => {
      const routerOptions = {
        caseSensitive: false,
        ignoreTrailingSlash: true,
        ignoreDuplicateSlashes: true,
        useSemicolonDelimiter: true,
      }
      const { statuses } = await startSetup(build({ routerOptions }))
      expect(await statuses(url)).toEqual([401, 403, 200])
    },
  )

  it('exposeHeadRoutes: false makes HEAD an unknown path, which needs a verified certificate', async () => {
    const { statuses } = await startSetup(build({ exposeHeadRoutes: false }))
    expect(await statuses('/ops', { method: 'HEAD' })).toEqual([401, 404, 404])
    const exposed = await startSetup(build({}))
    expect(await exposed.statuses('/ops', { method: 'HEAD' })).toEqual([401, 403, 200])
  })

  it('constraints give each version and host a guard of its own', async () => {
    const { statuses } = await startSetup(build({}))
    expect(await statuses('/versions', { headers: { 'accept-version': '1.x' } })).toEqual([401, 403, 200])
    expect(await statuses('/versions', { headers: { 'accept-version': '2.x' } })).toEqual([200, 200, 200])
    expect(await statuses('/versions', { headers: { 'accept-version': '3.x' } })).toEqual([401, 404, 404])
    expect(await statuses('/hosts')).toEqual([401, 403, 200])
  })

  it('serverFactory works with a server of Node', async () => {
    const { statuses } = await startSetup(build({ serverFactory: (handler) => createServer(handler) }))
    expect(await statuses('/ops')).toEqual([401, 403, 200])
  })

  it('serverFactory with requests that lack the raw header lines answers 500', async () => {
    const serverFactory: FastifyServerOptions['serverFactory'] = (handler) =>
      createServer((request, response) => {
        Object.defineProperty(request, 'rawHeaders', { value: undefined })
        handler(request, response)
      })
    const { send } = await startSetup(build({ serverFactory }))
    expect((await send('/ops')).status).toBe(500)
  })

  it('http2 with allowHTTP1 serves both versions with the same guards', async () => {
    const { edge, app: plain } = await startSetup(build({}))
    const { cert, key } = await edge.issueClient({ subject: 'CN=localhost' })
    const app = Fastify({ http2: true, https: { allowHTTP1: true, cert, key } })
    onTestFinished(() => app.close())
    await app.register(countersign, { ...edge.options, policies: { ops: { subject: { OU: 'Ops' } } } })
    app.get('/ops', { config: { clientCert: 'ops' } }, (request) => request.raw.httpVersion)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo

    const over1 = async (cert: typeof OPS | null) => {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
      const headers = await edge.headers({ url: '/ops', cert })
      const options = { host: '127.0.0.1', port, path: '/ops', headers, agent: false, rejectUnauthorized: false }
      httpsRequest(options, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end()
      return await promise
    }
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    const over2 = async (cert: typeof OPS | null) => {
      const { host, ...headers } = await edge.headers({ url: '/ops', cert })
      const stream = session.request({ ...headers, ':path': '/ops', ':authority': host })
      stream.resume().end()
      const [answer] = await once(stream, 'response')
      return answer[':status']
    }
    expect([await over1(null), await over1(SALES), await over1(OPS)]).toEqual([401, 403, 200])
    expect([await over2(null), await over2(SALES), await over2(OPS)]).toEqual([401, 403, 200])
    session.close()
    await plain.close()
  })

  it('a Unix socket works as a port', async () => {
    const { edge, app } = await startSetup(build({}))
    const socketPath = join(tmpdir(), `countersign-${randomUUID()}.sock`)
    const second = await build({})({ ...edge.options, policies: { ops: { subject: { OU: 'Ops' } } } })
    await second.listen({ path: socketPath })
    const status = async (cert: typeof OPS | null) => {
      const headers = await edge.headers({ url: '/ops', cert })
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
      httpRequest({ socketPath, path: '/ops', headers, agent: false }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end()
      return await promise
    }
    expect([await status(null), await status(OPS)]).toEqual([401, 200])
    await Promise.all([second.close(), app.close()])
  })
})
