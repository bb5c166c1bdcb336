import type { Epoch } from '../epoch.ts'
import type { World } from '../oracle/allowed-outcomes.ts'
import { FAULTS, type FaultServer, startFaultServer } from './fault-server.ts'
import type { Pace } from './pace.ts'

/** The Access team's key server, with rotations and outages. */
export interface KeyLane {
  readonly server: FaultServer
  /** The epoch whose key the team signs with now. */
  current(): Epoch
  /** The latest epoch whose key the origin certainly has. */
  known(): Epoch
  rotations(): number
  /** A sentence if the origin should have fetched the keys and did not. */
  overdue(): string | undefined
  /** Rotates the keys and breaks the server, in turn until the run ends. */
  run(pace: Pace): Promise<void>
}

/**
 * Starts the server with the first epoch.
 *
 * @param patience - milliseconds within which the origin must fetch again
 */
export async function startKeyLane(epochs: readonly Epoch[], world: World, patience: number): Promise<KeyLane> {
  let at = 0
  let rotations = 0
  /** The start of the current time without a fetch, outages excluded. */
  let idleSince = performance.now()
  const epoch = (index: number) => epochs[(index + epochs.length) % epochs.length] as Epoch
  const published = () => (rotations === 0 ? [epoch(at)] : [epoch(at), epoch(at - 1)])

  const server = await startFaultServer((_request, response) => {
    const listed = published()
    world.keys.add(new Set(listed.map(({ kid }) => kid)))
    response.end(JSON.stringify({ keys: listed.map(({ jwk }) => jwk) }))
    idleSince = performance.now()
    // The origin answers CSN_ACCESS_KEYS_UNAVAILABLE until the next successful fetch, so the outage ends here.
    if (world.keyOutages.isOpen) world.keyOutages.end()
  })

  /** Rotates only after the origin has fetched the current key. At Access, two keys overlap for seven days. */
  function rotate(): void {
    if (!world.keys.latest?.has(epoch(at).kid)) return
    at += 1
    rotations += 1
  }
  async function fail(fault: keyof typeof FAULTS, pace: Pace): Promise<void> {
    if (!world.keyOutages.isOpen) world.keyOutages.begin()
    server.setFault(FAULTS[fault])
    await pace.wait(3)
    server.setFault(null)
    idleSince = performance.now()
  }

  return {
    server,
    current: () => epoch(at),
    known() {
      const now = performance.now()
      const sets = world.keys.between(now, now)
      return [epoch(at), epoch(at - 1)].find(({ kid }) => sets.every((kids) => kids.has(kid))) ?? epoch(at)
    },
    rotations: () => rotations,
    overdue() {
      const idle = performance.now() - idleSince
      const healthy = !world.keyOutages.isOpen
      return healthy && idle > patience ? `the keys were not fetched for ${Math.round(idle)} ms` : undefined
    },
    async run(pace) {
      const faults = Object.keys(FAULTS) as (keyof typeof FAULTS)[]
      for (let turn = 0; !pace.isOver(); turn += 1) {
        await pace.wait(2)
        rotate()
        await pace.wait(2)
        // Every second outage contains a rotation. The origin must still accept tokens of the previous key.
        const during = pace.wait(1).then(() => turn % 2 === 1 && rotate())
        await Promise.all([fail(faults[turn % faults.length] as keyof typeof FAULTS, pace), during])
      }
    },
  }
}
