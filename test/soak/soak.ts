import { Agent } from 'node:http'
import { argv } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { CountersignHealth } from '@countersign/origin-plugin'
import { freePort } from '@countersign/test-support/local-server'
import { judgeHeap } from './judge-heap.ts'
import { CRL_REFRESH, startCrlLane } from './lanes/crl-lane.ts'
import { FAULTS } from './lanes/fault-server.ts'
import { FILE_REFRESH, startFileLane } from './lanes/file-lane.ts'
import { startKeyLane } from './lanes/key-lane.ts'
import { createPace } from './lanes/pace.ts'
import { startRedisLane } from './lanes/redis-lane.ts'
import { prepareMaterial } from './material.ts'
import type { World } from './oracle/allowed-outcomes.ts'
import { createHealthLog } from './oracle/health-log.ts'
import { History, SETTLE } from './oracle/history.ts'
import { createLedger } from './oracle/ledger.ts'
import { Outages } from './oracle/outages.ts'
import type { LogFindings } from './origin/check-log.ts'
import type { DecisionCounts } from './origin/count-decisions.ts'
import { startOriginProcess } from './origin/origin.ts'
import { printReport } from './print-report.ts'
import { measureFloods } from './traffic/measure-floods.ts'
import { CASE_NAMES, runTraffic, type Traffic } from './traffic/traffic.ts'

/**
 * `pnpm soak [--seconds 600]`: an origin under good and hostile traffic, while its servers fail in turn.
 *
 * The exit code is 0 if every decision was right and nothing leaked.
 */
const { values } = parseArgs({ args: argv.slice(2), options: { seconds: { type: 'string', default: '600' } } })
const seconds = Number(values.seconds)
if (!(seconds >= 5)) throw new TypeError('--seconds must be a number, 5 or more')

/** A short run replaces the plugin's own times, because it would end before they pass. */
const isShort = seconds < 300
const keysTiming = isShort ? { cooldown: 1_000, refreshInterval: 10_000 } : {}
const cooldown = keysTiming.cooldown ?? 30_000

const world: World = {
  keys: new History(),
  edgeKeys: new History(),
  cas: new History(),
  keyOutages: new Outages(SETTLE),
  revoked: new History(),
  redisOutages: new Outages(SETTLE),
  redisForgotAt: Number.NEGATIVE_INFINITY,
}
const ledger = createLedger(world)
const material = await prepareMaterial(isShort ? 3 : 8)
// The longest time without a fetch: one hangs, the cool-down follows, and an outage of Redis refuses every request.
const keyLane = await startKeyLane(material.epochs, world, cooldown + 2 * SETTLE + 10_000)
const crlLane = await startCrlLane(material, world)
const redisLane = await startRedisLane(await freePort(), world)
const fileLane = await startFileLane(material.turns, world)
const origin = await startOriginProcess({
  keysFile: fileLane.keysFile,
  casFile: fileLane.casFile,
  fileRefresh: FILE_REFRESH,
  hosts: material.hosts,
  issuer: material.issuer,
  audience: material.audience,
  jwksUri: keyLane.server.url,
  clientCa: material.clientCa,
  crlUrl: crlLane.server.url,
  crlRefresh: CRL_REFRESH,
  redisUrl: redisLane.url,
  keysTiming,
})

const agent = new Agent({ keepAlive: true })
const pace = createPace(seconds)
const kit = { material, current: keyLane.current, known: keyLane.known, edgeKey: fileLane.edgeKey }
const traffic: Traffic = { port: origin.port, agent, kit, ledger, isOver: pace.isOver }
const heap: number[] = []
const healthLog = createHealthLog()

/** Samples the heap, and reports a background load that has stopped. */
async function watch(): Promise<void> {
  const interval = Math.min(Math.max(seconds / 60, 0.5), 10) * 1000
  while (!pace.isOver()) {
    heap.push(await origin.ask<number>('heap'))
    for (const overdue of [keyLane.overdue(), crlLane.overdue()]) if (overdue) ledger.wrong(overdue)
    await sleep(interval)
  }
}

/** Samples the health as a monitor does, more often than an outage lasts. */
async function monitor(): Promise<void> {
  while (!pace.isOver()) {
    healthLog.add(await origin.ask<CountersignHealth>('health'))
    await sleep(200)
  }
}

try {
  const started = performance.now()
  await Promise.all([
    runTraffic(traffic, 24),
    keyLane.run(pace),
    crlLane.run(pace),
    redisLane.run(pace),
    fileLane.run(pace),
    watch(),
    monitor(),
  ])
  const lasted = (performance.now() - started) / 1000
  const soaked = ledger.requests
  const delay = await origin.ask<{ p99: number; max: number }>('delay')
  for (const name of CASE_NAMES) if (!ledger.cases.has(name)) ledger.wrong(`${name}: was never sent`)
  if (seconds >= 20 && fileLane.rotations() === 0) ledger.wrong('no key of the Worker and no CA was rotated')

  // The measurements need a healthy origin with the newest keys.
  await sleep(SETTLE)
  const floods = await measureFloods(traffic, origin, isShort ? 1_000 : 5_000)

  agent.destroy()
  await sleep(500)
  const decisions = await origin.ask<DecisionCounts>('decisions')
  const health = await origin.ask<CountersignHealth>('health')
  const log = await origin.ask<LogFindings>('log')
  const connections = await origin.ask<number>('connections')
  const resources = await origin.ask<string[]>('resources')
  const faults = await origin.ask<string[]>('faults')
  // Closes during a load that hangs: it must not keep the process alive.
  crlLane.server.setFault(FAULTS.hang)
  await sleep(2 * CRL_REFRESH * 1000)
  const endedAfter = await origin.close()
  process.exitCode = printReport({
    ledger,
    soaked,
    seconds: lasted,
    heap: judgeHeap(heap),
    delay,
    floods,
    connections,
    resources,
    faults,
    decisions,
    log,
    health: { seen: healthLog.seen, complaints: healthLog.complaints(health) },
    endedAfter,
    fileRotations: fileLane.rotations(),
    badFiles: fileLane.badFiles(),
    rotations: keyLane.rotations(),
    keyOutages: world.keyOutages.count,
    revocations: crlLane.published().size,
    crlOutages: crlLane.outages(),
    redisOutages: world.redisOutages.count,
  })
    ? 0
    : 1
} finally {
  origin.kill()
  await Promise.all([keyLane.server.close(), crlLane.server.close(), redisLane.close(), fileLane.close()])
}
