import { describe, expect, it } from 'vitest'
import { circlesOf, type Graph, groupGraph, importGraph } from './import-graph.ts'

/** For each place of a package, the places that it imports. A place is a folder of `src` or a file beside the folders. */
type Rooms = Readonly<Record<string, readonly string[]>>

/**
 * The arrows between the rooms. Each row imports only rows further down.
 *
 * An arrow that is new to this table is a decision: it makes the one room depend on changes of the other.
 */
const ROOMS: Readonly<Record<string, Rooms>> = {
  'origin-plugin': {
    // The public faces.
    'index.ts': [
      'plugin.ts',
      'countersign-health.ts',
      'options.ts',
      'events',
      'guards',
      'access-token',
      'client-trust',
      'client-user',
      'certificate',
      'revocation',
      'edge-signature',
      'client-cert.ts',
      'x509',
      'header-source.ts',
      'errors.ts',
      'lib',
    ],
    openapi: ['countersign-health.ts', 'guards', 'errors.ts', 'lib'],
    otel: ['access-token', 'events', 'client-cert.ts', 'lib'],
    'redis.ts': ['edge-signature'],
    explain: [
      'authenticate.ts',
      'options.ts',
      'client-memory.ts',
      'request-target.ts',
      'guards',
      'certificate',
      'edge-signature',
      'client-cert.ts',
      'read-headers.ts',
      'errors.ts',
    ],
    // Fastify, and the story of one request.
    'plugin.ts': [
      'decision',
      'countersign-health.ts',
      'options.ts',
      'events',
      'registration',
      'client-trust',
      'guards',
      'access-token',
      'edge-signature',
      'client-cert.ts',
      'header-source.ts',
      'errors.ts',
      'lib',
    ],
    decision: [
      'authenticate.ts',
      'options.ts',
      'events',
      'guards',
      'client-user',
      'edge-signature',
      'errors.ts',
      'lib',
    ],
    'countersign-health.ts': ['options.ts', 'events', 'guards', 'lib'],
    'authenticate.ts': [
      'options.ts',
      'facts',
      'token-agreement.ts',
      'request-target.ts',
      'access-token',
      'certificate',
      'edge-signature',
      'client-cert.ts',
      'client-memory.ts',
      'received-lines.ts',
      'read-headers.ts',
      'lib',
    ],
    'options.ts': [
      'facts',
      'events',
      'registration',
      'client-memory.ts',
      'header-source.ts',
      'guards',
      'client-user',
      'access-token',
      'certificate',
      'revocation',
      'edge-signature',
      'lib',
    ],
    'client-trust': ['events', 'certificate', 'client-cert.ts', 'errors.ts', 'lib'],
    events: ['access-token', 'client-cert.ts', 'errors.ts', 'lib'],
    registration: ['guards', 'lib'],
    'client-memory.ts': ['access-token', 'certificate', 'edge-signature', 'read-headers.ts', 'header-index.ts'],
    'token-agreement.ts': ['access-token', 'client-cert.ts', 'x509', 'errors.ts', 'lib'],
    // The guards and the proofs.
    guards: ['client-cert.ts', 'x509', 'errors.ts', 'lib'],
    'client-user': ['access-token', 'client-cert.ts', 'errors.ts', 'lib'],
    'access-token': ['facts', 'client-cert.ts', 'errors.ts', 'lib'],
    certificate: [
      'certification-path',
      'facts',
      'revocation',
      'client-cert.ts',
      'read-headers.ts',
      'header-source.ts',
      'x509',
      'errors.ts',
      'lib',
    ],
    'certification-path': ['facts', 'x509'],
    revocation: ['client-cert.ts', 'x509', 'errors.ts', 'lib'],
    'edge-signature': ['request-target.ts', 'read-headers.ts', 'errors.ts', 'lib'],
    // The ground floor.
    'request-target.ts': ['received-lines.ts', 'errors.ts'],
    'client-cert.ts': ['x509'],
    'read-headers.ts': ['header-source.ts', 'header-index.ts', 'facts', 'errors.ts'],
    'header-source.ts': ['header-index.ts'],
    'header-index.ts': [],
    'received-lines.ts': [],
    x509: [],
    facts: [],
    'errors.ts': [],
    lib: [],
  },
  'dev-edge': {
    'index.ts': ['create-dev-edge.ts', 'folder', 'dev-edge.ts', 'doctor', 'edge', 'access', 'net', 'pki'],
    cli: [
      'create-dev-edge.ts',
      'old-node.ts',
      'folder',
      'dev-edge.ts',
      'doctor',
      'init',
      'inspect',
      'edge',
      'handshake',
      'worker-config',
      'workerd',
      'net',
      'pki',
      'check-headers.ts',
    ],
    'create-dev-edge.ts': [
      'folder',
      'dev-edge.ts',
      'edge',
      'access',
      'workerd',
      'zone',
      'handshake',
      'net',
      'pki',
      'check-headers.ts',
      'known-names.ts',
      'old-node.ts',
    ],
    init: ['folder', 'pki'],
    folder: ['dev-edge.ts', 'access', 'pki'],
    'dev-edge.ts': ['edge', 'access', 'net', 'pki'],
    doctor: ['testing', 'access', 'errors.ts'],
    inspect: ['errors.ts'],
    testing: [
      'edge',
      'access',
      'workerd',
      'handshake',
      'net',
      'pki',
      'check-headers.ts',
      'known-names.ts',
      'old-node.ts',
    ],
    edge: ['access', 'workerd', 'handshake', 'net', 'notice.ts', 'errors.ts'],
    access: ['handshake', 'pki', 'errors.ts'],
    'worker-config': ['is-json.ts'],
    workerd: ['is-json.ts'],
    zone: ['net'],
    handshake: [],
    net: ['pki'],
    pki: ['known-names.ts'],
    'check-headers.ts': [],
    'is-json.ts': [],
    'notice.ts': [],
    'errors.ts': [],
    'known-names.ts': [],
    'old-node.ts': [],
  },
}

/** The places of a package with their arrows, read from its sources without tests. */
function roomsOf(name: string): Graph {
  const root = `packages/${name}/src/`
  const files = new Map([...importGraph(`${root}**/*.ts`)].filter(([path]) => !path.endsWith('.test.ts')))
  const placeOf = (path: string) => (path.startsWith(root) ? path.slice(root.length).split('/')[0] : undefined)
  return groupGraph(files, placeOf)
}

const arrowsOf = (rooms: Iterable<readonly [string, readonly string[]]>) =>
  [...rooms].flatMap(([from, targets]) => targets.map((to) => `${from} ▶ ${to}`)).sort()

describe.each(Object.entries(ROOMS))('the rooms of %s', (name, table) => {
  const rooms = roomsOf(name)

  it('are those of the table', () => {
    expect([...rooms.keys()].sort()).toEqual(Object.keys(table).sort())
  })

  it('have the arrows of the table', () => {
    expect(arrowsOf(rooms)).toEqual(arrowsOf(Object.entries(table)))
  })

  it('import no circle, nor each other', () => {
    expect(circlesOf(rooms)).toEqual([])
  })

  it('stand in the table above the rooms that they import', () => {
    const order = Object.keys(table)
    const upward = Object.entries(table).flatMap(([from, targets]) =>
      targets.filter((to) => order.indexOf(to) <= order.indexOf(from)).map((to) => `${from} ▶ ${to}`),
    )
    expect(upward).toEqual([])
  })
})

describe('the ground floor of origin-plugin', () => {
  // A reader of bytes that knows refusals would decide, and a tool that knows certificates would be a step.
  it.each(['x509', 'lib', 'errors.ts'])('%s imports no room', (room) => {
    expect(roomsOf('origin-plugin').get(room)).toEqual([])
  })
})

describe('the files of', () => {
  it.each([
    'packages/wire',
    'packages/worker',
    'packages/origin-plugin',
    'packages/dev-edge',
    'packages/test-support',
    'examples',
    'bench',
    'test',
  ])('%s import no circle', (folder) => {
    const files = importGraph(`${folder}/**/*.{ts,js}`)
    expect(files.size).toBeGreaterThan(3)
    expect(circlesOf(files)).toEqual([])
  })

  it('the workspace import no circle', () => {
    expect(circlesOf(importGraph('{packages,examples,bench,test}/**/*.{ts,js}'))).toEqual([])
  })
})
