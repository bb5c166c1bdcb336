/** A quantity that grows, measured at some sizes. */
export interface Curve {
  readonly name: string
  /** Its sizes in words, for the head of the table. */
  readonly of: string
  readonly sizes: readonly number[]
  /** A guess of the time of one point. */
  readonly seconds: (size: number) => number
  /** Whether its sizes are numbers of prepared clients. */
  readonly ofClients?: true
  /** Whether each client has come before the measurement begins. */
  readonly inRotation?: true
  /** Whether the first round alone measures it. */
  readonly once?: true
}

/** One measurement of one size. */
export interface Point {
  /** Microseconds of CPU time a request. */
  readonly cost: number
  /** MiB at the end, and how many of them came after the warm-up. */
  readonly heap: number
  readonly growth: number
}

/** Curves with their points. */
export interface MeasuredCurves {
  readonly curves: readonly Curve[]
  /** One entry a round, by {@link pointName}. */
  readonly points: ReadonlyMap<string, readonly Point[]>
}

/** Enough requests to compile the code. */
export const WARM_UP = 3_000
/** On each of two cores. */
export const SECONDS_PER_CLIENT = 3e-4

/** Every curve. point.ts builds an origin for each of them, by name. */
export const CURVES: readonly Curve[] = [
  {
    name: 'clients',
    of: 'clients in turn, each with a token and a certificate of its own',
    sizes: [1, 1_000, 10_000, 100_000],
    seconds: () => 15,
    ofClients: true,
    inRotation: true,
  },
  {
    name: 'clients by Zipf',
    of: "the same clients, by Zipf's law (exponent 1)",
    sizes: [1_000, 10_000, 100_000],
    seconds: () => 12,
    ofClients: true,
    inRotation: true,
  },
  {
    name: 'clients once',
    of: 'clients, each of them once',
    sizes: [1_000_000],
    seconds: () => 400,
    ofClients: true,
    once: true,
  },
  {
    name: 'new tokens, Countersign',
    of: 'first sight: a new token, and a known certificate',
    sizes: [1],
    seconds: () => 3,
  },
  { name: 'new certificates', of: 'first sight: a new certificate, and a known token', sizes: [1], seconds: () => 3 },
  { name: 'new clients', of: 'first sight: both', sizes: [1], seconds: () => 3 },
  { name: 'new tokens, jose', of: 'the new token with jose alone', sizes: [1], seconds: () => 3 },
  {
    name: 'fingerprints',
    of: 'fingerprints in the allow-list of the route',
    sizes: [1, 1_000, 100_000, 1_000_000],
    seconds: (size) => 2 + size * 7e-6,
  },
  {
    name: 'routes',
    of: 'routes, each with a guard',
    sizes: [1, 100, 1_000, 10_000],
    seconds: (size) => 2 + size * 4e-4,
  },
  { name: 'chain', of: 'certificates in `Client-Cert-Chain`', sizes: [0, 1, 5, 10, 20], seconds: () => 2 },
]

/** The name of one point in the progress and among the results. */
export const pointName = (curve: string, size: number): string => `${curve} ${size}`
