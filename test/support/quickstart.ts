import { createDevEdge, type DevClient, type DevEdge } from '@countersign/dev-edge'
import { onFreePort } from '@countersign/test-support/local-server'
import type { FastifyInstance } from 'fastify'
import { buildApp, type Proofs } from '../../examples/quickstart/app.ts'
import { proofsOf } from '../../examples/quickstart/walkthrough.ts'
import { whoAmI } from '../../examples/who-am-i/who-am-i.ts'

/** The quickstart and its page behind a local edge, as the demo runs them. */
export interface Quickstart {
  readonly edge: DevEdge
  readonly app: FastifyInstance
  /** The options that decide which proofs the origin requires. */
  readonly proofs: Proofs
  /** A client whose certificate is on the CA's revocation list. */
  readonly lost: DevClient
  close(): Promise<void>
}

/**
 * Starts the quickstart. If another process takes the origin's port first, it starts again on another port.
 *
 * @param explain - whether the page shows reasons: `true` in the demo, `false` in production
 */
export function startQuickstart(explain = true): Promise<Quickstart> {
  return onFreePort((originPort) => startOn(originPort, explain))
}

async function startOn(originPort: number, explain: boolean): Promise<Quickstart> {
  const edge = await createDevEdge({ origin: `http://127.0.0.1:${originPort}`, forwardCert: 'chain' })
  const lost = await edge.issueClient({ name: 'lost', subject: 'CN=lost,OU=Ops,O=Acme' })
  edge.addToCrl(lost)
  const proofs = proofsOf(edge)
  const app = await buildApp(proofs)
  await app.register(whoAmI, { ...proofs, explain })
  try {
    await app.listen({ host: '127.0.0.1', port: originPort })
  } catch (error) {
    await edge.close()
    throw error
  }
  return {
    edge,
    app,
    proofs,
    lost,
    async close() {
      await edge.close()
      await app.close()
    },
  }
}
