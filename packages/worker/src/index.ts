/**
 * The edge of Countersign: strips what the client wrote, stamps what Cloudflare saw, signs the request.
 *
 * @module
 */

export { type CountersignOptions, countersign } from './countersign.ts'
export { CountersignWorkerError, type CountersignWorkerErrorCode } from './errors.ts'
export { createWorker, default, type WorkerBindings, type WorkerHandler, type WorkerOptions } from './worker.ts'
