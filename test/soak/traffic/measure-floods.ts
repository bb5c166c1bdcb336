import { randomBytes } from 'node:crypto'
import { type MakeCase, signed } from '../cases/case.ts'
import { GOOD_CASES } from '../cases/good-cases.ts'
import { SIGNATURE_CASES } from '../cases/signature-cases.ts'
import { forgedToken, junkKid } from '../cases/token-cases.ts'
import type { OriginProcess } from '../origin/origin.ts'
import { sendCase, type Traffic } from './traffic.ts'

/** The cost of one kind of request for the origin. */
export interface FloodCost {
  readonly name: string
  /** Processor time of the origin per request, in microseconds. */
  readonly microseconds: number
}

/** A good request with a certificate that the origin has not parsed before, as in a flood of many clients. */
const newClient: MakeCase = (kit) => {
  const headers = { 'x-cert-issuer-serial': randomBytes(16).toString('hex').toUpperCase() }
  const known = (GOOD_CASES['a guarded route'] as MakeCase)(kit)
  return { ...known, request: signed(kit, 'alice', { target: '/alice', headers }) }
}

/** The reference for the floods of bad requests. */
export const GOOD_FLOOD = 'good, new clients'

const KINDS: Readonly<Record<string, MakeCase>> = {
  [GOOD_FLOOD]: newClient,
  'good, one client': GOOD_CASES['a guarded route'] as MakeCase,
  'bad signature': SIGNATURE_CASES['a forged signature'] as MakeCase,
  'junk token': junkKid,
  'forged token': forgedToken,
}

/** The floods take turns, several times, so that other load on the machine affects all of them. */
const ROUNDS = 5
const CLIENTS = 16

/** Sends floods of good and of bad requests, and measures their cost for the origin. */
export async function measureFloods(traffic: Traffic, origin: OriginProcess, requests: number): Promise<FloodCost[]> {
  const costs = new Map<string, number[]>(Object.keys(KINDS).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, make] of Object.entries(KINDS)) {
      costs.get(name)?.push(await costOf(traffic, origin, `a flood: ${name}`, make, Math.ceil(requests / ROUNDS)))
    }
  }
  return [...costs].map(([name, measured]) => ({ name, microseconds: median(measured) }))
}

async function costOf(traffic: Traffic, origin: OriginProcess, name: string, make: MakeCase, requests: number) {
  let left = requests
  const client = async () => {
    while (left-- > 0) await sendCase(traffic, name, make)
  }
  const before = await origin.ask<NodeJS.CpuUsage>('cpu')
  await Promise.all(Array.from({ length: CLIENTS }, client))
  const after = await origin.ask<NodeJS.CpuUsage>('cpu')
  return (after.user + after.system - before.user - before.system) / requests
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
