import type { Agent } from 'node:http'
import type { Case, Kit, MakeCase } from '../cases/case.ts'
import { pick } from '../cases/case.ts'
import { CERTIFICATE_CASES } from '../cases/certificate-cases.ts'
import { GOOD_CASES } from '../cases/good-cases.ts'
import { HEADER_CASES } from '../cases/header-cases.ts'
import { SIGNATURE_CASES } from '../cases/signature-cases.ts'
import { BYTE_CASES, SOCKET_CASES, sendBytes } from '../cases/socket-cases.ts'
import { TOKEN_CASES } from '../cases/token-cases.ts'
import type { Sent } from '../oracle/allowed-outcomes.ts'
import type { Ledger } from '../oracle/ledger.ts'
import { send } from './send.ts'

/** Where the traffic goes, and who judges it. */
export interface Traffic {
  readonly port: number
  readonly agent: Agent
  readonly kit: Kit
  readonly ledger: Ledger
  isOver(): boolean
}

const HOSTILE = { ...SIGNATURE_CASES, ...TOKEN_CASES, ...CERTIFICATE_CASES, ...HEADER_CASES }

/** Every case whose answer is judged. */
export const CASE_NAMES: readonly string[] = [
  ...Object.keys(GOOD_CASES),
  ...Object.keys(HOSTILE),
  ...Object.keys(BYTE_CASES),
]

/** As many clients at once, half of their requests good, until the run is over. */
export async function runTraffic(traffic: Traffic, clients: number): Promise<void> {
  const good = Object.entries(GOOD_CASES)
  const hostile = Object.entries(HOSTILE)
  const client = async () => {
    while (!traffic.isOver()) await sendCase(traffic, ...pick(pick([good, hostile])))
  }
  await Promise.all([...Array.from({ length: clients }, client), rudeClient(traffic), rudeClient(traffic)])
}

/** Sends one case, twice if it is a replay, and has the answers judged. */
export async function sendCase(traffic: Traffic, name: string, make: MakeCase): Promise<void> {
  const made = make(traffic.kit)
  const first = await sendOnce(traffic, made, { name, ...made.sent })
  if (!made.twice) return
  // Of a request that got no clear answer nobody knows whether its nonce was spent.
  const surely = !first.outcome.startsWith('no answer') && first.status !== 503
  await sendOnce(traffic, made, { name, ...made.sent, spent: { since: first.from, surely } })
}

async function sendOnce({ port, agent, ledger }: Traffic, { request, body }: Case, sent: Sent) {
  const from = performance.now()
  const answer = await send(port, request, agent, body)
  ledger.judge(sent, from, performance.now(), answer)
  return { ...answer, from }
}

/** Somebody who breaks off, hangs up, or does not speak HTTP. */
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
    // Enough to hold sockets open at all times, and not so many that the port range is what is tested.
    if (slow.size >= 20) await Promise.race(slow)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await Promise.all(slow)
}
