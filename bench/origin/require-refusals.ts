import { sendRaw } from '@countersign/test-support/raw-http'
import { ACCESS_TOKEN_HEADER } from '@countersign/wire'
import type { FastTeam } from '../lib/fast-identities.ts'
import { requireHeader, type Sample } from '../lib/sample.ts'
import { formatHead, signLines } from '../lib/signed-lines.ts'
import type { Contender } from './contender.ts'

/**
 * Requires that a contender refuses a wrong token and a wrong signature, if it checks them.
 *
 * A contender that verified nothing would win every comparison. The edge's signature covers the token. Here it is valid
 * for the wrong token, so that only the check of the token can refuse it.
 *
 * @param name - of the contender, for the error
 * @throws Error when it answers such a request
 */
export async function requireRefusals(
  name: string,
  port: number,
  { load, ignoresToken }: Contender,
  sample: Sample,
  team: FastTeam | undefined,
): Promise<void> {
  const token = team ? team.tokenOf(0) : requireHeader(sample, ACCESS_TOKEN_HEADER)
  const head = `${formatHead(sample, [ACCESS_TOKEN_HEADER])}Connection: close\r\n`
  const statusOf = async (carried: string, edit = (line: string) => line) => {
    const [line = ''] = signLines(sample, 1, () => carried)
    return (await sendRaw(port, `${head}${edit(line)}`)).status
  }
  const right = await statusOf(token)
  if (right !== 200) throw new Error(`${name} answered a valid request with ${right}`)
  if (!ignoresToken && (await statusOf(tamper(token, token.lastIndexOf('.') + 100))) < 400) {
    throw new Error(`${name} accepted a token with a wrong signature`)
  }
  if (load === 'unsigned' || load === 'unverified') return
  const wrong = (line: string) => tamper(line, line.lastIndexOf('countersign=:') + 30)
  if ((await statusOf(token, wrong)) < 400) throw new Error(`${name} accepted a request with a wrong signature`)
}

/** Replaces one character of Base64. */
function tamper(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}
