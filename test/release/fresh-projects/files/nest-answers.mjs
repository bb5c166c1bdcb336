/** Starts the compiled application of Nest with the test kit, and prints its answers. */
import { createTestEdge } from '@countersign/dev-edge/testing'
import { buildApp } from './dist/build-app.js'

const edge = await createTestEdge()
const app = await buildApp({ ...edge.options })
await app.init()
const server = app.getHttpAdapter().getInstance()
await server.ready()

const url = '/api/v1/jobs'
const admitted = await edge.inject(server, { url, cert: { subject: 'CN=alice,OU=Ops,O=Acme' } })
const forbidden = await edge.inject(server, { url, cert: { subject: 'CN=bob,OU=Sales,O=Acme' } })
const refused = await server.inject(url)
console.log(`admitted ${admitted.statusCode} ${admitted.body}`)
for (const response of [forbidden, refused]) console.log(`refused ${response.statusCode} ${response.json().code}`)
await app.close()
