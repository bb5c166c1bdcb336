import { describe, expect, it } from 'vitest'
import { withoutHopByHop } from './raw-headers.ts'

describe('withoutHopByHop', () => {
  it('keeps order, case and repeats of everything else', () => {
    const raw = ['X-B', '1', 'x-a', '2', 'X-B', '3']
    expect(withoutHopByHop(raw)).toEqual(raw)
  })

  it('removes the fields of the connection', () => {
    const raw = ['Connection', 'close', 'Keep-Alive', '5', 'TE', 'trailers', 'Transfer-Encoding', 'chunked', 'A', '1']
    expect(withoutHopByHop(raw)).toEqual(['A', '1'])
  })

  it('removes the fields that Connection names, in any case', () => {
    expect(withoutHopByHop(['Connection', 'close, X-Hop', 'x-hop', '1', 'x-hops', '2'])).toEqual(['x-hops', '2'])
  })

  it('keeps Host, length, cookies and credentials although Connection names them', () => {
    const raw = ['Host', 'a', 'Content-Length', '1', 'Cookie', 'b', 'Authorization', 'c']
    expect(withoutHopByHop([...raw, 'Connection', 'host, content-length, cookie, authorization'])).toEqual(raw)
  })
})
