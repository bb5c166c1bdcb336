/**
 * The edge of Countersign. The Worker removes the client's own certificate headers, writes Cloudflare's, and signs the
 * request.
 *
 * @module
 */

export { type CountersignOptions, countersign } from './countersign.ts'
export type { EdgeRequirement, WorkerContext } from './edge-requirement.ts'
export { CountersignWorkerError, type CountersignWorkerErrorCode } from './errors.ts'
export type { OriginFetcher } from './origin-fetcher.ts'
export { createWorker, default, type WorkerBindings, type WorkerHandler, type WorkerOptions } from './worker.ts'
