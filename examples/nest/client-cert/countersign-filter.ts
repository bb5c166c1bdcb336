import { STATUS_CODES } from 'node:http'
import { type CountersignError, isCountersignError } from '@countersign/origin-plugin'
import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import type { FastifyReply } from 'fastify'

/**
 * Answers refusals as Fastify does, with the code. Nest's own filter would drop it.
 *
 * The headers of the refusal stay: the plugin has set them on the reply.
 */
@Catch()
export class CountersignFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    const refusal = refusalIn(exception)
    if (refusal === undefined) {
      super.catch(exception, host)
      return
    }
    const { statusCode, code, message } = refusal
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    reply.code(statusCode).send({ statusCode, code, error: STATUS_CODES[statusCode], message })
  }
}

/** Nest wraps errors below 500 of Fastify in an exception of its own, and passes the others as they are. */
function refusalIn(exception: unknown): CountersignError | undefined {
  return [exception, exception instanceof HttpException ? exception.cause : undefined].find(isCountersignError)
}
