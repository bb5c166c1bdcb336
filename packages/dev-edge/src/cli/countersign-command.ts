/**
 * The command `countersign`, for programs that run it in their own process.
 *
 * @module
 */

export { tolerateClosedPipes } from './output/print.ts'
export { runCommand } from './run-command.ts'
