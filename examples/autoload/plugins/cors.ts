import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

async function registerCors(app: FastifyInstance): Promise<void> {
  await app.register(cors, { origin: 'https://app.example.com' })
}

// Autoload takes the files in the order of their names, and "cors" comes before "countersign".
export default fp(registerCors, { name: 'cors', dependencies: ['countersign'] })
