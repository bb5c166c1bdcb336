import type { FastifyInstance } from 'fastify'

/** A route of the server, in any scope. */
export interface PrintedRoute {
  readonly method: string
  readonly url: string
  /** The constraints as text; empty without constraints. */
  readonly constraints: string
  /** The names of its `onRequest` hooks. They are known once the server is ready. */
  readonly hooks: readonly string[]
}

/** A line of the tree: its depth, whether it begins a node, and the rest. */
const LINE = /^((?:│ {3}| {4})*)(├── |└── )?(.*)$/u
/** A route of a node. Its methods are joined. */
const ROUTE = /^(.*) \(([A-Z-]+(?:, [A-Z-]+)*)\)(?: (\{.*\}))?$/u
const HOOKS = /^• \(onRequest\) (\[.*\])$/u
/** The router prints these instead of a text that is empty. */
const EMPTY_TREE = '(empty tree)'
const EMPTY_NODE = '(empty root node)'

/**
 * Lists the routes of the whole server, those that were declared before the plugin too. Fastify has no other public way
 * than the printed tree.
 *
 * @throws TypeError if the tree cannot be read
 */
export function printedRoutes(app: FastifyInstance): PrintedRoute[] {
  const routes: { -readonly [Key in keyof PrintedRoute]: PrintedRoute[Key] }[] = []
  /** The routes of the line before, which the next line can describe further. */
  let latest: typeof routes = []
  /** The beginning of the url at each depth. */
  const path: string[] = []

  for (const line of app.printRoutes({ includeMeta: ['onRequest'] }).split('\n')) {
    if (line === '' || line === EMPTY_TREE) continue
    const [, indent = '', branch, text = ''] = LINE.exec(line) ?? []
    const hooks = branch === undefined ? HOOKS.exec(text)?.[1] : undefined
    if (hooks !== undefined) {
      for (const route of latest) route.hooks = JSON.parse(hooks)
      continue
    }
    const [, label = text, methods, constraints = ''] = ROUTE.exec(text) ?? []
    const depth = indent.length / 4
    // A line without a branch is one more route of the node above, with other constraints or hooks.
    if (branch !== undefined) path.splice(depth, path.length, label === EMPTY_NODE ? '' : label)
    else if (methods === undefined) throw new TypeError(`the list of routes cannot be read at "${text}"`)
    latest = (methods?.split(', ') ?? []).map((method) => ({ method, url: path.join(''), constraints, hooks: [] }))
    routes.push(...latest)
  }
  return routes
}
