import { describe, expect, it } from 'vitest'
import { headerPairs } from '../net/raw-headers.ts'
import { buildAnswerHeaders, buildCfHeader, buildEdgeHeaders } from './edge-headers.ts'

const additions = {
  ray: '230b030023ae2822-DEV',
  clientIp: '192.0.2.7',
  accessToken: 'a.b.c',
}

const build = (raw: string[], more: Partial<typeof additions> = {}) =>
  [...headerPairs(buildEdgeHeaders(raw, { ...additions, ...more }))].map(([name, value]) => [name.toLowerCase(), value])
const lines = (raw: string[], name: string) =>
  build(raw)
    .filter(([other]) => other === name)
    .map(([, value]) => value)

describe('buildEdgeHeaders', () => {
  it.each([
    ['CF-Connecting-IP', '192.0.2.7'],
    ['CF-IPCountry', 'US'],
    ['CF-Ray', '230b030023ae2822-DEV'],
    ['X-Real-IP', '192.0.2.7'],
    ['CF-Visitor', '{"scheme":"https"}'],
    ['X-Forwarded-Proto', 'https'],
    ['Cf-Access-Jwt-Assertion', 'a.b.c'],
  ])('overwrites a %s that the client sent', (name, value) => {
    expect(lines([name, 'client', name.toUpperCase(), 'again'], name.toLowerCase())).toEqual([value])
  })

  it('appends the address to the addresses that the client claims', () => {
    expect(lines(['X-Forwarded-For', '10.0.0.1'], 'x-forwarded-for')).toEqual(['10.0.0.1, 192.0.2.7'])
  })

  it('appends itself to the networks that a request has passed', () => {
    expect(lines([], 'cdn-loop')).toEqual(['cloudflare; loops=1'])
    expect(lines(['CDN-Loop', 'fastly', 'cdn-loop', 'other'], 'cdn-loop')).toEqual([
      'fastly, other, cloudflare; loops=1',
    ])
  })

  it('removes the name of another zone’s Worker', () => {
    expect(lines(['CF-Worker', 'forged.example'], 'cf-worker')).toEqual([])
  })

  it('removes a token that the client sent when Access gives none', () => {
    const headers = buildEdgeHeaders(['cf-access-jwt-assertion', 'forged'], { ...additions, accessToken: undefined })
    expect(headers.join()).not.toMatch(/forged|cf-access/i)
  })

  it('removes headers with which the client could write request.cf', () => {
    const forged = ['MF-CF-Blob', '{"forged":1}', 'mf-original-url', 'https://forged', 'mf-x', '1']
    expect(build(forged).filter(([name]) => name?.startsWith('mf-'))).toEqual([])
  })

  it('keeps lookalikes of the certificate family, because the Worker removes them', () => {
    expect(lines(['X-CERT-VERIFY', 'SUCCESS', 'x-cert-verify', 'NONE'], 'x-cert-verify')).toEqual(['SUCCESS', 'NONE'])
  })

  it('hides the developer header', () => {
    expect(lines(['Countersign-Dev-Access', 'none'], 'countersign-dev-access')).toEqual([])
  })
})

describe('buildAnswerHeaders', () => {
  it('names Cloudflare in place of the origin, and the ray of the request', () => {
    const raw = [
      'Server',
      'origin',
      'cf-ray',
      'forged',
      'Set-Cookie',
      'a',
      'Connection',
      'x-hop',
      'X-Hop',
      '1',
      'Set-Cookie',
      'b',
    ]
    expect(buildAnswerHeaders(raw, 'ray')).toEqual([
      ...['Set-Cookie', 'a', 'Set-Cookie', 'b'],
      ...['Server', 'cloudflare', 'CF-RAY', 'ray'],
    ])
  })
})

describe('buildCfHeader', () => {
  it('writes request.cf in printable ASCII', () => {
    const cf = { tlsClientAuth: { certSubjectDN: 'CN=Zoë 🦊\x7f' } }
    const [name, value] = buildCfHeader(cf)
    expect(name).toBe('MF-CF-Blob')
    expect(value).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(value)).toEqual(cf)
  })
})
