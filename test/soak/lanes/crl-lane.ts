import { createHash } from 'node:crypto'
import type { Material } from '../material.ts'
import type { World } from '../oracle/allowed-outcomes.ts'
import { SETTLE } from '../oracle/history.ts'
import { FAULTS, type FaultServer, startFaultServer } from './fault-server.ts'
import type { Pace } from './pace.ts'

/** The CA's revocation list and its server, with revocations and outages. */
export interface CrlLane {
  readonly server: FaultServer
  /** The clients on the published list. */
  published(): ReadonlySet<string>
  outages(): number
  /** A sentence if the server is up and the origin has not loaded the list in time. */
  overdue(): string | undefined
  /** Revokes a client, then breaks the server, in turn until the run ends. */
  run(pace: Pace): Promise<void>
}

/** Seconds between two loads. */
export const CRL_REFRESH = 1

/** Publishes an empty list and starts its server. */
export async function startCrlLane(material: Material, world: World): Promise<CrlLane> {
  let revoked: ReadonlySet<string> = new Set()
  let list = await material.currentCrl()
  const first = list
  let outages = 0
  let healthy = true
  let idleSince = performance.now()

  const server = await startFaultServer((_request, response) => {
    world.revoked.add(revoked)
    idleSince = performance.now()
    response.end(list)
  })

  async function publish(): Promise<void> {
    const next = material.losable.find((name) => !revoked.has(name))
    if (next === undefined) return
    material.revoke(next)
    list = await material.currentCrl()
    revoked = new Set([...revoked, next])
  }
  async function fail(fault: Parameters<FaultServer['setFault']>[0], pace: Pace): Promise<void> {
    outages += 1
    healthy = false
    server.setFault(fault)
    await pace.wait(2)
    server.setFault(null)
    healthy = true
    idleSince = performance.now()
  }

  /** Serves other bytes in place of the list. The origin must keep its last valid list. */
  const instead =
    (bytes: () => Uint8Array): Parameters<FaultServer['setFault']>[0] =>
    (_request, response) =>
      void response.end(bytes())
  const faults = [
    FAULTS['500'],
    // A rollback: the CA did sign this list, but before the revocations.
    instead(() => first),
    FAULTS.reset,
    instead(() => changedByte(list)),
    FAULTS['hang half-way'],
    instead(() => list.subarray(0, list.length >> 1)),
    FAULTS.hang,
    instead(() => createHash('sha512').update(list).digest()),
    FAULTS.rubbish,
  ]

  return {
    server,
    published: () => revoked,
    outages: () => outages,
    overdue() {
      const idle = performance.now() - idleSince
      return healthy && idle > CRL_REFRESH * 1000 + 2 * SETTLE
        ? `the list was not loaded for ${Math.round(idle)} ms`
        : undefined
    },
    async run(pace) {
      for (let turn = 0; !pace.isOver(); turn += 1) {
        await pace.wait(1)
        await publish()
        // The origin loads the list in this time. The outages that follow must not revert it.
        await pace.wait(2)
        await fail(faults[turn % faults.length] as (typeof faults)[number], pace)
      }
    },
  }
}

/** The list with one byte changed. The last bytes are the signature. */
function changedByte(list: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(list)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}
