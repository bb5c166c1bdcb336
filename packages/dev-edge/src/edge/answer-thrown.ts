import { RefusedByEdge } from '../errors.ts'
import { answerNotice } from './answer.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'

/**
 * Answers 500 with the exception of the Worker. Cloudflare answers 500 too, with its page for error 1101 and without the
 * exception, which belongs to the developer alone.
 *
 * @param thrown - the sentence with the exception
 */
export function answerThrown(request: ClientRequest, answer: ClientAnswer, thrown: string): void {
  if (answer.isBroken) return
  const refused = new RefusedByEdge(500, 'CSN_DEV_WORKER_THREW', thrown)
  answerNotice(request, answer, refused, {
    title: '500: your Worker threw an exception',
    advice: [
      'The terminal of the edge has this exception too, next to the lines of the console of the Worker.',
      'At Cloudflare, the client gets error 1101 without this text.',
    ],
  })
}
