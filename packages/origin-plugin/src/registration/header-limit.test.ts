import { createServer, maxHeaderSize } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { headerLimitAdvice } from './header-limit.ts'

const advice = (limit: number) =>
  `trustedIssuers has chain, and this server accepts ${limit} bytes of request headers: it answers a longer Client-Cert-Chain with 431. Start Node with --max-http-header-size=32768, or Fastify with http: { maxHeaderSize: 32768 }`

describe('headerLimitAdvice', () => {
  it('is given below 32 KiB, and for the limit of Node', () => {
    expect(headerLimitAdvice(createServer({ maxHeaderSize: 32_767 }))).toBe(advice(32_767))
    expect(headerLimitAdvice(createServer())).toBe(advice(maxHeaderSize))
  })

  it('is not given from 32 KiB on, nor for HTTP/2 alone', () => {
    expect(headerLimitAdvice(createServer({ maxHeaderSize: 32_768 }))).toBeUndefined()
    expect(headerLimitAdvice(createHttp2Server())).toBeUndefined()
  })
})
