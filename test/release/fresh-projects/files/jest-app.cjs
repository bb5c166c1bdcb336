const { clientCertOf, countersign } = require('@countersign/origin-plugin')
const fastify = require('fastify')

exports.buildApp = async (proofs) => {
  const app = fastify()
  await app.register(countersign, proofs)
  app.get('/me', (request) => clientCertOf(request).subject.CN)
  return app
}
