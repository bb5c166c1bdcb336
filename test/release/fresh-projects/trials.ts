import type { Trial } from './trial.ts'
import { fastifyCli, nest } from './trials/frameworks.ts'
import { origins, tooOldFastify, tooOldNode } from './trials/origins.ts'
import { ownWorker } from './trials/own-worker.ts'
import { jest, vitestAndNodeTest } from './trials/test-runners.ts'
import { typedApp } from './trials/typed-app.ts'

/**
 * The set-ups of `docs/packages.md`. The long ones come first, so that no core waits for them at the end.
 *
 * A failure is a fault of the packages, or an untrue line of the documents: users have these set-ups.
 */
export const TRIALS: readonly Trial[] = [
  typedApp,
  nest,
  jest,
  fastifyCli,
  vitestAndNodeTest,
  origins,
  ownWorker,
  tooOldNode,
  tooOldFastify,
]
