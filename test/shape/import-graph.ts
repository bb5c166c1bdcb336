import { join } from 'node:path/posix'
import { filesMatching, readText } from '../support/files.ts'
import { scanSource } from './scan-source.ts'

/** For each node, the nodes that it imports. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** The specifiers of a source: imports, re-exports and dynamic imports, types too. Comments and templates have none. */
export function specifiersOf(text: string): string[] {
  const pieces = scanSource(text, 'script')
  let code = ''
  const specifiers: string[] = []
  for (const { kind, start, end } of pieces) {
    if (kind === 'code') code += text.slice(start, end)
    if (kind !== 'string') continue
    if (/\b(?:from|import)\s*\(?\s*$/.test(code)) specifiers.push(text.slice(start + 1, end - 1))
    code = ''
  }
  return specifiers
}

/**
 * The file of the workspace that a specifier names, relative to the root: by relative path, or by the `exports` of one
 * of our packages.
 *
 * @returns `undefined` for the packages of others and for `node:`.
 * @throws {Error} If one of our packages does not export it.
 */
export function resolveSpecifier(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return join(importer, '..', specifier)
  const [, name, subpath] = /^@countersign\/([^/]+)(\/.+)?$/.exec(specifier) ?? []
  if (name === undefined) return undefined
  const folder = name.startsWith('example-') ? join('examples', name.slice('example-'.length)) : join('packages', name)
  const { exports } = JSON.parse(readText(join(folder, 'package.json')))
  const exported = typeof exports === 'string' ? exports : exports[`.${subpath ?? ''}`]
  if (exported === undefined) throw new Error(`${importer} imports ${specifier}, which is not exported`)
  return join(folder, exported)
}

/** The imports between the files of the workspace that match the patterns. Each is in the graph, with or without any. */
export function importGraph(...patterns: string[]): Graph {
  const targets = (path: string) =>
    specifiersOf(readText(path)).flatMap((specifier) => resolveSpecifier(specifier, path) ?? [])
  return new Map(patterns.flatMap(filesMatching).map((path) => [path, [...new Set(targets(path))].sort()]))
}

/** The same graph with several nodes drawn as one. A node without a place is left out. */
export function groupGraph(graph: Graph, placeOf: (node: string) => string | undefined): Graph {
  const places = new Map<string, Set<string>>()
  for (const [node, targets] of graph) {
    const place = placeOf(node)
    if (place === undefined) continue
    const arrows = places.get(place) ?? new Set()
    places.set(place, arrows)
    for (const target of targets.map(placeOf)) if (target !== undefined && target !== place) arrows.add(target)
  }
  return new Map([...places].map(([place, arrows]) => [place, [...arrows].sort()]))
}

/** Circles of the graph, each as the way around it: at least one of every knot of nodes that reach each other. */
export function circlesOf(graph: Graph): string[][] {
  const circles: string[][] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (node: string) => {
    if (way.includes(node)) circles.push([...way.slice(way.indexOf(node)), node])
    if (way.includes(node) || done.has(node)) return
    way.push(node)
    for (const target of graph.get(node) ?? []) visit(target)
    way.pop()
    done.add(node)
  }
  for (const node of graph.keys()) visit(node)
  return circles
}
