import type { FastifyReply } from 'fastify'
import { CHALLENGE } from '../errors.ts'

const NAME = 'www-authenticate'

/** Adds the challenge to an answer 401. The challenge of another login stays, such as that of a password. */
export function addChallenge(reply: FastifyReply, statusCode: number | undefined): void {
  if (statusCode !== 401) return
  const others = challengesOf(reply)
  // A line for each: not every client separates several challenges of one line.
  reply.header(NAME, others.length === 0 ? CHALLENGE : [...others, CHALLENGE])
}

/**
 * Takes the challenge from an answer.
 *
 * Attack: an application answers 404 in place of a refusal, so that a client does not learn of a path. The challenge would
 * tell.
 */
export function removeChallenge(reply: FastifyReply): void {
  const others = challengesOf(reply)
  if (others.length === 0) reply.removeHeader(NAME)
  else reply.header(NAME, others)
}

/** The challenges of others. */
function challengesOf(reply: FastifyReply): string[] {
  const given = [reply.getHeader(NAME) ?? []].flat().map(String)
  return given.filter((challenge) => challenge !== CHALLENGE)
}
