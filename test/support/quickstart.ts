import { createDevEdge, type DevClient, type DevEdge } from '@countersign/dev-edge'
import type { CountersignPluginOptions } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { setUpOrigin } from '../../examples/quickstart/app.ts'
import { showRefusals, whoAmI } from '../../examples/who-am-i/who-am-i.ts'
import { onFreePort } from './free-port.ts'

/** The quickstart behind a local edge, as the demo runs it. */
export interface Quickstart {
  readonly edge: DevEdge
  readonly app: FastifyInstance
  /** What the origin asks for. */
  readonly proofs: Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>
  /** A client whose certificate is on the CA's revocation list. */
  readonly lost: DevClient
  close(): Promise<void>
}

/**
 * Starts the quickstart, again when somebody took the origin's port in between.
 *
 * @param explain - as the demo sets it and production does not
 */
export function startQuickstart(explain = true): Promise<Quickstart> {
  return onFreePort((originPort) => startOn(originPort, explain))
}

async function startOn(originPort: number, explain: boolean): Promise<Quickstart> {
  const edge = await createDevEdge({ origin: `http://127.0.0.1:${originPort}` })
  const lost = await edge.issueClient({ name: 'lost', subject: 'CN=lost,OU=Ops,O=Acme' })
  edge.addToCrl(lost)
  const proofs = {
    edge: { keys: edge.keys },
    access: edge.access,
    trustedIssuers: [
      { ca: edge.clientCa, revocation: { crl: () => edge.clientCrl() } },
      { dn: 'CN=Acme Branch CA,O=Acme' },
    ],
  }
  const app = Fastify()
  showRefusals(app, { ...proofs, explain })
  await setUpOrigin(app, proofs)
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
