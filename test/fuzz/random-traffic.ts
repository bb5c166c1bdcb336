import { AUDIENCE, createTestTeam, ISSUER, serviceClaims } from '@countersign/test-support/access-team'
import { createCa, type IssuedCert } from '@countersign/test-support/certificates'
import { hmacKey } from '@countersign/test-support/edge-key-pair'
import type { HeaderLine } from '@countersign/test-support/wire-request'
import { type WrittenCertificate, writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import fc from 'fast-check'
import type { HeaderSourceName } from '../../packages/origin-plugin/src/header-source.ts'
import { type CountersignPluginOptions, resolveOptions } from '../../packages/origin-plugin/src/options.ts'
import type { ReceivedRequest } from '../../packages/origin-plugin/src/request-target.ts'
import type { Revocation } from '../../packages/origin-plugin/src/revocation/revocation.ts'
import { AUTHORITY, appendSignature } from '../../packages/origin-plugin/test/support/edge-lines.ts'
import {
  certificateLines,
  cfCertLines,
  noCertificateLines,
  rfc9440Lines,
  tokenLine,
} from '../../packages/origin-plugin/test/support/header-lines.ts'
import { entry, writeCrl } from '../../packages/origin-plugin/test/support/write-crl.ts'

/** An origin's configuration, as far as it changes while the origin runs. Numbers choose from the lists below. */
export interface OriginState {
  readonly source: HeaderSourceName
  readonly isSigned: boolean
  readonly edgeKey: number
  readonly accessKeys: number
  readonly issuers: number
  /** The number of the revocation list. A later one is newer. */
  readonly list: number
}

/** A change of the state while the origin runs. */
export type StateChange = Partial<Pick<OriginState, 'edgeKey' | 'accessKeys' | 'issuers' | 'list'>>

/** A fault of a request, or none. Numbers choose a line, a character, or another client. */
type Fault =
  | { readonly kind: 'none' | 'reorder' | 'later' | 'unsigned' }
  | { readonly kind: 'flip'; readonly line: number; readonly at: number; readonly bit: number }
  | { readonly kind: 'drop'; readonly line: number }
  | { readonly kind: 'mix'; readonly line: number; readonly other: number }
  | { readonly kind: 'certificate' | 'headers' | 'chain'; readonly other: number }

/** A request of a random client. */
export interface RandomVisit {
  readonly client: number
  readonly token: number
  readonly fault: Fault
  /** Seconds after the start. */
  readonly time: number
  readonly isOptional: boolean
}

/** Requests, with changes of the origin in between. */
export interface RandomTraffic {
  readonly start: OriginState
  readonly steps: readonly (RandomVisit | StateChange)[]
}

/** The clients, tokens and keys that a run draws from. */
export interface TrafficParties {
  /** The options of an origin with this state. */
  optionsOf(state: OriginState): CountersignPluginOptions
  /** The loaded revocation lists. A later one is newer, and has more entries. */
  readonly lists: readonly Revocation[]
  /** The request as the origin receives it. */
  receive(visit: RandomVisit, state: OriginState): ReceivedRequest
}

/** The start, in seconds since the epoch. */
export const START = Math.floor(Date.now() / 1000)

const CLIENTS = 11
const TOKENS = 10
const KEYS = [hmacKey('first'), hmacKey('second')]
const [FIRST_KEY, SECOND_KEY] = KEYS as [(typeof KEYS)[0], (typeof KEYS)[0]]

const number = fc.nat({ max: 10_000 })
const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ kind: 'none' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flip' as const), line: number, at: number, bit: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), line: number }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mix' as const), line: number, other: number }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('certificate', 'headers', 'chain'), other: number }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reorder', 'later', 'unsigned') }) },
)

/** Few clients and tokens in one run, so that each comes again. */
const steps = fc
  .tuple(
    fc.array(fc.nat({ max: CLIENTS - 1 }), { minLength: 2, maxLength: 4 }),
    fc.array(fc.nat({ max: TOKENS - 1 }), { minLength: 2, maxLength: 3 }),
  )
  .chain(([clients, tokens]) => {
    const visit = fc.record<RandomVisit>({
      client: fc.constantFrom(...clients),
      token: fc.constantFrom(0, 0, 0, ...tokens),
      fault,
      time: fc.constantFrom(0, 0, 0, 0, 0, 40, 90, -90),
      isOptional: fc.boolean(),
    })
    const change = fc.oneof(
      fc.record({ accessKeys: fc.constantFrom(0, 0, 1, 3, 2, 4) }),
      fc.record({ issuers: fc.constantFrom(0, 0, 1, 3, 2, 4) }),
      fc.record({ list: fc.constantFrom(0, 1, 2) }),
      fc.record({ edgeKey: fc.constantFrom(0, 1) }),
    )
    const step = fc.oneof({ weight: 6, arbitrary: visit }, { weight: 1, arbitrary: change })
    return fc.array<RandomVisit | StateChange>(step, { minLength: 1, maxLength: 60, size: 'max' })
  })

/** Random traffic. Most requests are good, and most of the others have one fault. */
export const randomTraffic: fc.Arbitrary<RandomTraffic> = fc.record({
  start: fc
    .constantFrom(['worker', true], ['worker', true], ['worker', false], ['rfc9440', false], ['cf-cert', false])
    .map(([source, isSigned]): OriginState => {
      const state = { source: source as HeaderSourceName, isSigned: isSigned === true }
      return { ...state, edgeKey: 0, accessKeys: 0, issuers: 0, list: 0 }
    }),
  steps,
})

/** The line of a certificate header that a list names by number. */
const pick = <Value>(list: readonly Value[], at: number): Value => list[at % list.length] as Value

/** Makes new parties. */
export async function createTrafficParties(): Promise<TrafficParties> {
  const date = (seconds: number) => new Date((START + seconds) * 1000)
  const [ca, second, stranger] = [await createCa(), await createCa('CN=Second CA'), await createCa()]
  const root = writeCaCert('root')
  const sub = writeCaCert('sub', root)
  const keyId = der(0x30, der(0x80, Buffer.alloc(20, 7)))
  const alien = writeClientCert(root, { keyIds: false, extensions: [{ oid: '551d23', value: keyId }] })
  const below = (issuer: WrittenCertificate, { cert, pem }: WrittenCertificate): IssuedCert => {
    return { cert, pem, issuer: issuer.cert }
  }
  const clients: readonly (IssuedCert | null)[] = [
    await ca.issue({ subject: 'CN=alice,O=Acme', san: [{ type: 'dns', value: 'alice.example' }] }),
    await ca.issue({ subject: 'CN=bob,O=Acme' }),
    await ca.issue({ subject: 'CN=brief', notBefore: date(-60), notAfter: date(60) }),
    await ca.issue({ serialNumber: '4701' }),
    await ca.issue({ serialNumber: '4702' }),
    await second.issue({ subject: 'CN=alice,O=Acme' }),
    await stranger.issue({ subject: 'CN=alice,O=Acme' }),
    below(sub, writeClientCert(sub)),
    below(root, writeClientCert(root)),
    below(root, alien),
    null,
  ]
  const chains = [undefined, [sub], [sub, root], [writeCaCert('sub', root, { signer: sub.key }), sub], [alien]]
  const chainOf = (at: number) =>
    pick(chains, at)
      ?.map((each) => `:${each.der.toString('base64')}:`)
      .join(', ') ?? null

  // Two keys with one id, and another one.
  const teams = [await createTestTeam(), await createTestTeam(), await createTestTeam('access-2')] as const
  const [first, same, other] = teams
  const keys = [[first], [first, other], [same], [first, same], [other]].map((each) => ({
    keys: each.flatMap(({ jwks }) => jwks.keys),
  }))
  const tokens = [
    await first.token(),
    await first.token({ email: 'joe@acme.example' }),
    await same.token(),
    await other.token(),
    await first.token({ exp: START + 30 }),
    await first.token({ common_name: 'alice' }),
    await first.token({ common_name: 'bob' }),
    await first.token({ aud: ['another'] }),
    await first.token(serviceClaims()),
    undefined,
  ]

  const crls = [[], ['4701'], ['4701', '4702']].map((serials, at) => {
    const time = (seconds: number) => der(0x17, `${date(seconds).toISOString().replace(/\D/g, '').slice(2, 14)}Z`)
    const entries = serials.map((serial) => entry(serial))
    return writeCrl(ca, { thisUpdate: time(at - 1_000), nextUpdate: time(86_400), entries })
  })
  const issuers = [
    (crl: Buffer) => [
      { ca: ca.pem, revocation: { crl: () => crl } },
      { ca: root.pem, chain: { maxDepth: 1 } },
    ],
    (crl: Buffer) => [{ ca: ca.pem, revocation: { crl: () => crl } }, second.pem, root.pem],
    () => [second.pem, { ca: root.pem, chain: { maxDepth: 1 } }],
    (crl: Buffer) => [{ ca: ca.pem, revocation: { crl: () => crl } }, stranger.pem],
    () => null,
  ]

  function optionsOf({ source, isSigned, edgeKey, accessKeys, issuers: trusted, list }: OriginState) {
    const crl = pick(crls, list)
    const byName = [
      { ca: ca.pem, byName: true, revocation: { crl: () => crl } },
      { ca: second.pem, byName: true },
    ]
    return {
      source,
      edge: isSigned ? { keys: [FIRST_KEY.jwk, ...(edgeKey % 2 ? [SECOND_KEY.jwk] : [])], hosts: [AUTHORITY] } : null,
      access: { issuer: ISSUER, audience: AUDIENCE, jwks: pick(keys, accessKeys) },
      trustedIssuers: source === 'cf-cert' ? byName.slice(trusted % 2) : pick(issuers, trusted)(crl),
    }
  }

  function linesOf(client: number, token: number, source: HeaderSourceName, chain: number): HeaderLine[] {
    const issued = pick(clients, client)
    const sent = pick(tokens, token)
    const changes = { 'client-cert-chain': chainOf(chain) }
    const write = { worker: certificateLines, rfc9440: rfc9440Lines, 'cf-cert': cfCertLines }[source]
    const none = source === 'worker' ? noCertificateLines() : []
    const lines = issued ? write(issued, source === 'cf-cert' ? {} : changes) : none
    return sent === undefined ? lines : [tokenLine(sent), ...lines]
  }

  function receive({ client, token, fault, time }: RandomVisit, { source, isSigned, edgeKey }: OriginState) {
    const lines = linesOf(client, token, source, client)
    const others = 'other' in fault ? linesOf(fault.other, token, source, fault.other) : []
    const changed = withFault(lines, fault, others)
    const created = START + time
    const signed =
      isSigned && fault.kind !== 'unsigned'
        ? appendSignature(changed, pick(KEYS, edgeKey), { created, target: '/me' })
        : changed
    const all: HeaderLine[] = [['host', AUTHORITY], ...signed]
    const headers = Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]))
    return { originalUrl: '/me', raw: { method: 'GET', httpVersionMajor: 1, headers, rawHeaders: all.flat() } }
  }

  const lists: Revocation[] = []
  for (const crl of crls) {
    const options = { edge: null, access: { issuer: ISSUER, audience: AUDIENCE, jwks: first.jwks } }
    const settings = resolveOptions(
      { ...options, trustedIssuers: [{ ca: ca.pem, revocation: { crl: () => crl } }] },
      () => {},
    )
    await settings.background.start()
    settings.background.stop()
    lists.push(...settings.revocations())
  }
  return { optionsOf, lists, receive }
}

function withFault(lines: readonly HeaderLine[], fault: Fault, others: readonly HeaderLine[]): HeaderLine[] {
  const at = 'line' in fault ? fault.line % Math.max(lines.length, 1) : 0
  const replace = (change: (line: HeaderLine) => readonly HeaderLine[]) =>
    lines.flatMap((line, each) => (each === at ? change(line) : [line]))
  const take = (isTaken: (name: string) => boolean) => {
    const taken = lines.filter(([name]) => !isTaken(name))
    return [...taken, ...others.filter(([name]) => isTaken(name))]
  }
  switch (fault.kind) {
    case 'flip':
      return replace(([name, value]) => [[name, flipped(value, fault.at, fault.bit)]])
    case 'drop':
      return replace(() => [])
    case 'mix':
      return replace(([name, value]) => [[name, others.find(([other]) => other === name)?.[1] ?? value]])
    case 'certificate':
      return take((name) => name === 'client-cert')
    case 'chain':
      return take((name) => name === 'client-cert-chain')
    case 'headers':
      return take((name) => name.startsWith('x-cert-') || name.startsWith('cf-cert-'))
    case 'reorder':
      return lines.toReversed()
    case 'later':
      return [...lines, ['x-cert-zone', 'acme']]
    default:
      return [...lines]
  }
}

/** The text with one bit of one character changed, so that it often stays printable. */
function flipped(text: string, at: number, bit: number): string {
  const place = at % text.length
  const changed = String.fromCharCode(text.charCodeAt(place) ^ (1 << (bit % 6)))
  return text.slice(0, place) + changed + text.slice(place + 1)
}
