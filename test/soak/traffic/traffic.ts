import type { Agent } from 'node:http'
import { sendKeptAlive } from '../../support/send-kept-alive.ts'
import type { Case, Kit, MakeCase } from '../cases/case.ts'
import { pick } from '../cases/case.ts'
import { CERTIFICATE_CASES } from '../cases/certificate-cases.ts'
import { GOOD_CASES } from '../cases/good-cases.ts'
import { HEADER_CASES } from '../cases/header-cases.ts'
import { RELOAD_CASES } from '../cases/reload-cases.ts'
import { SIGNATURE_CASES } from '../cases/signature-cases.ts'
import { BYTE_CASES, SOCKET_CASES, sendBytes } from '../cases/socket-cases.ts'
import { TOKEN_CASES } from '../cases/token-cases.ts'
import type { Sent } from '../oracle/allowed-outcomes.ts'
import type { Ledger } from '../oracle/ledger.ts'

/** The target of the traffic, and the judge of the answers. */
export interface Traffic {
  readonly port: number
  readonly agent: Agent
  readonly kit: Kit
  readonly ledger: Ledger
  isOver(): boolean
}

const HOSTILE = { ...SIGNATURE_CASES, ...TOKEN_CASES, ...CERTIFICATE_CASES, ...HEADER_CASES, ...RELOAD_CASES }

/** The names of all judged cases. */
export const CASE_NAMES: readonly string[] = [
  ...Object.keys(GOOD_CASES),
  ...Object.keys(HOSTILE),
  ...Object.keys(BYTE_CASES),
]

/** Runs a number of clients until the run is over. Half of their requests are good. */
export async function runTraffic(traffic: Traffic, clients: number): Promise<void> {
  const good = Object.entries(GOOD_CASES)
  const hostile = Object.entries(HOSTILE)
  const client = async () => {
    while (!traffic.isOver()) await sendCase(traffic, ...pick(pick([good, hostile])))
  }
  await Promise.all([...Array.from({ length: clients }, client), rudeClient(traffic), rudeClient(traffic)])
}

/** Sends one case, twice if it is a replay, and passes the answers to the ledger. */
export async function sendCase(traffic: Traffic, name: string, make: MakeCase): Promise<void> {
  const made = make(traffic.kit)
  const first = await sendOnce(traffic, made, { name, ...made.sent })
  if (!made.twice) return
  // A refused request does not spend its nonce. Without an answer, or with a 503, it may have spent it.
  const surely = first.status === 200
  await sendOnce(traffic, made, { name, ...made.sent, spent: { since: first.from, surely } })
}

async function sendOnce({ port, agent, ledger }: Traffic, { request, body }: Case, sent: Sent) {
  const from = performance.now()
  const answer = await sendKeptAlive(port, request, agent, body)
  ledger.judge(sent, from, performance.now(), answer)
  return { ...answer, from }
}

/** A client that breaks off, hangs up, or does not speak HTTP. */
async function rudeClient({ port, kit, ledger, isOver }: Traffic): Promise<void> {
  const slow = new Set<Promise<unknown>>()
  while (!isOver()) {
    const [name, { status, make }] = pick(Object.entries(BYTE_CASES))
    const from = performance.now()
    const outcome = await sendBytes(port, make(kit))
    const answer = { outcome, status: Number(outcome) || 0, body: '' }
    ledger.judge({ name, refused: [status, 'reset'] }, from, performance.now(), answer)

    const act = pick(Object.values(SOCKET_CASES))(port, kit)
    slow.add(act.finally(() => slow.delete(act)))
    // Some sockets are open at all times. More of them would exhaust the machine's ports.
    if (slow.size >= 20) await Promise.race(slow)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await Promise.all(slow)
}
