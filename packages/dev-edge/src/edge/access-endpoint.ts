import { createServer, type Server } from 'node:http'
import type { AccessIssuer } from '../access/access-issuer.ts'
import { ACCESS_CERTS_PATH } from '../access/team-keys.ts'
import { answerJson } from './answer.ts'
import { type ClientAnswer, Http1Answer } from './client-answer.ts'

/** Answers a request for the keys. Returns `false` for any other request. */
export function answerAccessCerts(target: string, answer: ClientAnswer, access: AccessIssuer): boolean {
  if (target.split('?', 1)[0] !== ACCESS_CERTS_PATH) return false
  answerJson(answer, 200, access.certs())
  return true
}

/** Serves the team's keys in plain HTTP, so that an origin can fetch them without trusting the edge's own CA. */
export function createAccessServer(access: AccessIssuer): Server {
  return createServer(({ url = '' }, response) => {
    const answer = new Http1Answer(response)
    if (!answerAccessCerts(url, answer, access)) {
      answerJson(answer, 404, {
        statusCode: 404,
        error: 'Not Found',
        message: `The keys are at ${ACCESS_CERTS_PATH}`,
      })
    }
  })
}
