import { type Channel, channel } from 'node:diagnostics_channel'
import type { AdmittedMessage, DegradedMessage, RefusedMessage } from './messages.ts'

/** A channel that takes messages of one type. */
interface TypedChannel<Message> extends Pick<Channel, 'hasSubscribers'> {
  publish(message: Message): void
}

/** The diagnostics channels of the plugin. All servers of a process share them. */
export const channels: {
  readonly admitted: TypedChannel<AdmittedMessage>
  readonly refused: TypedChannel<RefusedMessage>
  readonly degraded: TypedChannel<DegradedMessage>
} = {
  admitted: channel('countersign:admitted'),
  refused: channel('countersign:refused'),
  degraded: channel('countersign:degraded'),
}

/**
 * The time at which a decision starts, in milliseconds of a clock that nobody sets. Without a subscriber nobody asks for
 * the duration, so the clock is not read: it would cost each request 40 ns.
 */
export function decisionStart(): number | undefined {
  return channels.admitted.hasSubscribers || channels.refused.hasSubscribers ? performance.now() : undefined
}

/** Milliseconds since the start of a decision. */
export function since(start: number | undefined): number | undefined {
  return start === undefined ? undefined : performance.now() - start
}
