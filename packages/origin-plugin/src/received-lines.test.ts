import { describe, expect, it } from 'vitest'
import { receivedLines } from './received-lines.ts'

describe('receivedLines', () => {
  it('returns the lines of a request on a socket, and not its joined headers', () => {
    const rawHeaders = ['X-A', '1', 'x-a', '2']
    expect(receivedLines({ rawHeaders, headers: { 'x-a': '1, 2' }, socket: {} })).toBe(rawHeaders)
    expect(receivedLines({ rawHeaders: [], headers: { 'x-a': '1' } })).toEqual([])
  })

  it('reads the headers of an injected request, each of a list as a line of its own', () => {
    const headers = { host: 'a', 'X-A': '1', 'x-a': ['2', '3'], 'x-b': undefined, 'x-c': 13 as never, 'x-d': [] }
    expect(receivedLines({ headers })).toEqual(['host', 'a', 'X-A', '1', 'x-a', '2', 'x-a', '3', 'x-c', '13'])
  })

  it('refuses a request on a socket whose lines are missing, because repeated ones may be joined', () => {
    for (const socket of [{}, null]) {
      expect(() => receivedLines({ headers: { 'x-a': '1, 2' }, socket })).toThrow(
        new TypeError(
          "request.raw.rawHeaders is missing; pass Node's own request to Fastify, which has the header lines as the client sent them",
        ),
      )
    }
  })
})
