import {
  type EchoedRequest,
  type RecordingOrigin,
  startRecordingOrigin,
} from '@countersign/test-support/recording-origin'
import { afterAll, beforeAll, expect } from 'vitest'
import { createDevEdge } from '../../src/create-dev-edge.ts'
import type { DevEdge, DevEdgeOptions } from '../../src/dev-edge.ts'
import type { EdgeFetchOptions } from '../../src/net/edge-fetch.ts'

/** An edge in front of a recording origin, for all tests of a file. */
export interface RecordedEdge {
  readonly edge: DevEdge
  readonly origin: RecordingOrigin
  /** Sends a request. Returns the request that the origin recorded. */
  record(path: string, options?: EdgeFetchOptions): Promise<EchoedRequest>
}

/** Starts an edge before the tests and stops it after them. */
export function useEdge(options?: Partial<DevEdgeOptions>): RecordedEdge {
  let started: { readonly origin: RecordingOrigin; readonly edge: DevEdge } | undefined
  const running = () => {
    if (!started) throw new Error('the edge runs only during tests')
    return started
  }
  beforeAll(async () => {
    const origin = await startRecordingOrigin()
    started = { origin, edge: await createDevEdge({ origin: origin.url, ...options }) }
  })
  afterAll(async () => {
    await started?.edge.close()
    await started?.origin.close()
  })
  return {
    get edge() {
      return running().edge
    },
    get origin() {
      return running().origin
    },
    async record(path, fetchOptions) {
      const response = await running().edge.fetch(path, fetchOptions)
      expect(response.status).toBe(200)
      return response.json()
    },
  }
}
