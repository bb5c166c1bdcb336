import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AccessIdentity, AdmittedMessage, RefusedMessage } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'

/**
 * Writes each decision on a request of this server to a file, as one line of JSON. A thread writes the file.
 *
 * @param file - its folder is made; lines are appended
 */
export function writeAuditTrail(app: FastifyInstance, file: string): void {
  const options = { destination: file, mkdir: true, mode: 0o600 }
  const thread = pino.transport({ target: 'pino/file', options })
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, thread)

  /** All servers of a process share the channels. */
  const listen = (name: string, outcome: string) => {
    const listener: ChannelListener = (message) => {
      const decision = message as AdmittedMessage | RefusedMessage
      if (decision.request.server.server === app.server) log.info(entryOf(decision), outcome)
    }
    subscribe(name, listener)
    return () => unsubscribe(name, listener)
  }
  const stops = [listen('countersign:admitted', 'admitted'), listen('countersign:refused', 'refused')]
  const stop = () => stops.splice(0).map((end) => end())
  // Without this listener, a file that cannot be written would end the process.
  thread.on('error', (err: Error) => {
    stop()
    app.log.error({ err }, 'the audit trail has ended')
  })
  app.addHook('onClose', async () => {
    if (stop().length === 0) return
    thread.end()
    await once(thread, 'close')
  })
}

/** No header and no query: they can contain secrets. */
function entryOf(decision: AdmittedMessage | RefusedMessage) {
  const { request, route, clientCert, access, enforced } = decision
  return {
    reqId: request.id,
    method: request.method,
    route,
    enforced,
    ...('code' in decision && { code: decision.code, step: decision.step, reason: decision.reason }),
    client: clientCert && {
      fingerprint256: clientCert.fingerprint256,
      serialNumber: clientCert.serialNumber,
      subject: String(clientCert.subject),
      issuer: String(clientCert.issuer),
    },
    access: access && { kind: access.kind, name: nameOf(access) },
  }
}

function nameOf(access: AccessIdentity): string {
  if (access.kind === 'user') return access.email
  return access.kind === 'service' ? access.clientId : access.commonName
}
