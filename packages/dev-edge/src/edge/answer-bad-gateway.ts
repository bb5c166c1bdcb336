import { RefusedByEdge } from '../errors.ts'
import { headerValues, type RawHeaders } from '../net/raw-headers.ts'
import { tryOrigin } from '../net/try-origin.ts'
import { answerFailure, answerJson, answerText } from './answer.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import type { NextHop } from './worker-request.ts'

/** `Retry-After` in seconds. A server under a file watcher restarts within that time. */
const RETRY: RawHeaders = ['Retry-After', '1', 'Cache-Control', 'no-store']

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
  answer.code = refused.code
  const lines = describeOriginAway(request, answer, origin, reason, refused)
  const accept = headerValues(request.headers, 'accept').join(',').toLowerCase()
  if (accept.includes('text/html')) answerText(answer, 502, 'text/html', formatPage(lines), RETRY)
  else if (accept.includes('application/json')) answerJson(answer, 502, refused, RETRY)
  else answerText(answer, 502, 'text/plain', formatPlain(lines), RETRY)
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

interface OriginAwayNotice {
  readonly title: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly advice: readonly string[]
}

function describeOriginAway(
  { method, target }: ClientRequest,
  { ray }: ClientAnswer,
  { origin }: URL,
  reason: string | undefined,
  { code, message }: RefusedByEdge,
): OriginAwayNotice {
  return {
    title: '502: your origin did not answer',
    facts: [
      ['Origin', origin],
      ['Request', `${method} ${target.split('?', 1)[0]}`],
      ['Result', message],
      ['Code', code],
      ['CF-Ray', ray],
    ],
    advice: reason
      ? [
          `Start your server at exactly this address and port: ${origin}.`,
          'Or restart the edge with the address of your server.',
          'Then send the request again. The edge itself needs no restart.',
        ]
      : ['Read the log of your server. It accepted the connection and closed it without an answer.'],
  }
}

function formatPlain({ title, facts, advice }: OriginAwayNotice): string {
  const rows = facts.map(([name, value]) => `${name.padEnd(8)} ${value}`)
  return `${[title, '', ...rows, '', ...advice].join('\n')}\n`
}

function formatPage({ title, facts, advice }: OriginAwayNotice): string {
  const rows = facts.map(([name, value]) => `<tr><th>${name}<td><code>${escapeHtml(value)}</code>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>body{font:16px/1.5 sans-serif;max-width:44em;margin:4em auto;padding:0 1em}th{text-align:left;padding-right:2em;vertical-align:top}</style>
<h1>${title}</h1>
<table>${rows.join('\n')}</table>
<p>${advice.map(escapeHtml).join('\n')}</p>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
