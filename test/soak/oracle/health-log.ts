import type { CountersignHealth } from '@countersign/origin-plugin'

/** The health of the origin over a run. */
export interface HealthLog {
  add(health: CountersignHealth): void
  /** A sentence for each state that an outage must show and did not, or that no outage explains. */
  complaints(latest: CountersignHealth): string[]
  /** The states of each part that were seen, in words. */
  readonly seen: string
}

/** The states that the outages of the lanes bring about. Data from before an outage is used on; a store has none. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'edge keys': ['ok', 'degraded'],
  'trusted issuers': ['ok', 'degraded'],
  'access keys': ['ok', 'degraded'],
  'revocation list': ['ok', 'degraded'],
  'replay store': ['ok', 'failing'],
}

export function createHealthLog(): HealthLog {
  const seen = new Map(Object.keys(EXPECTED).map((part) => [part, new Set<string>()]))
  const unexplained: string[] = []
  return {
    add({ parts }) {
      for (const { part, state, reason } of parts) {
        seen.get(part)?.add(state)
        if (state !== 'ok' && !reason) unexplained.push(`${part} is ${state} without a reason`)
      }
    },
    complaints: ({ state, parts }) => [
      ...Object.entries(EXPECTED).flatMap(([part, states]) => {
        const shown = [...(seen.get(part) ?? [])]
        return [
          ...states.filter((each) => !shown.includes(each)).map((each) => `the health never showed: ${part} ${each}`),
          ...shown.filter((each) => !states.includes(each)).map((each) => `the health showed: ${part} ${each}`),
        ]
      }),
      ...new Set(unexplained),
      ...(state === 'ok' ? [] : [`after the outages the health is ${state}: ${JSON.stringify(parts)}`]),
    ],
    get seen() {
      return [...seen].map(([part, states]) => `${part} ${[...states].join(' and ')}`).join(', ')
    },
  }
}
