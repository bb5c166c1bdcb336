import { RefusedByEdge } from '../errors.ts'
import type { RawHeaders } from '../net/raw-headers.ts'
import { tryOrigin } from '../net/try-origin.ts'
import { answerFailure, answerNotice } from './answer.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import type { NextHop } from './worker-request.ts'

/** `Retry-After` in seconds. A server under a file watcher restarts within that time. */
const RETRY: RawHeaders = ['Retry-After', '1']

/**
 * Answers 502 with the cause and the remedy when the origin did not answer. The Worker answers 502 itself in that case,
 * and the zone closes the connection. A browser gets a page, a client that accepts JSON gets JSON, and any other client gets text.
 *
 * @param error - the error of the connection to the Worker or the zone
 */
export async function answerBadGateway(
  request: ClientRequest,
  answer: ClientAnswer,
  { origin, sender }: Pick<NextHop, 'origin' | 'sender'>,
  error: Error,
): Promise<void> {
  if (answer.isBroken) return
  if (answer.status !== undefined) {
    answerFailure(answer, error)
    return
  }
  const reason = await tryOrigin(origin)
  // The connection of the answer can fail in the meantime, and leads here a second time.
  if (answer.isBroken || answer.status !== undefined) return
  const refused = new RefusedByEdge(502, 'CSN_DEV_ORIGIN_UNREACHABLE', formatReason(sender, origin, reason, error))
  answerNotice(request, answer, refused, {
    title: '502: your origin did not answer',
    facts: [['Origin', origin.origin]],
    advice: advise(origin, reason),
    headers: RETRY,
  })
}

function formatReason(
  sender: NextHop['sender'],
  { origin }: URL,
  reason: string | undefined,
  { message }: Error,
): string {
  return reason
    ? `${sender} got no answer from ${origin}: ${reason}`
    : `${sender} got no answer from ${origin}, which accepts connections, but closed this one (${message})`
}

function advise({ origin }: URL, reason: string | undefined): string[] {
  return reason
    ? [
        `Start your server at exactly this address and port: ${origin}.`,
        'Or restart the edge with the address of your server.',
        'Then send the request again. The edge itself needs no restart.',
      ]
    : ['Read the log of your server. It accepted the connection and closed it without an answer.']
}
