import type { FastifyBaseLogger } from 'fastify'

/**
 * Writes a line to the application's log, and never throws.
 *
 * Attack: an application has a serializer for a field of this name, such as `part` or `client`, whose values have
 * another form. Its exception would end the process in a background task, and refuse or forget a request elsewhere.
 *
 * @param forms - the fields, and then fewer of them to try. If the logger throws for each, the last ones become part of
 *   the message, so they must contain nothing that an application would redact
 */
export function writeLine(
  log: Pick<FastifyBaseLogger, Level>,
  level: Level,
  message: string,
  ...forms: readonly object[]
): void {
  for (const fields of forms) {
    if (isWritten(() => log[level](fields, message))) return
  }
  isWritten(() => log[level](`${message} ${JSON.stringify(forms.at(-1))}`))
}

type Level = 'error' | 'warn' | 'info'

function isWritten(write: () => void): boolean {
  try {
    write()
    return true
  } catch {
    return false
  }
}
