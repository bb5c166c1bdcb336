import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { argv } from 'node:process'

/** What stands behind the measured Worker, in a process of its own: says ok to a request that bears the given header. */
const [, , header = ''] = argv
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  response.statusCode = request.headers[header] ? 200 : 500
  response.end('ok')
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
