import { describe, expect, it } from 'vitest'
import { type CertChanges, makeClientCert, makeRequest } from '../../../test/support/make-client-cert.ts'
import { compileCertificateRequirement } from '../certificate-guard.ts'

const compile = (spiffe: unknown) => compileCertificateRequirement({ spiffe }, 'GET /ops')
const decideOn = (spiffe: unknown, cert: CertChanges) => compile(spiffe).decide(makeClientCert(cert), makeRequest())

const decide = (spiffe: unknown, spiffeId: string) =>
  decideOn(spiffe, { spiffeId, subjectAltNames: { uri: [spiffeId] } })

const trustDomain = 'acme.example'

describe('spiffe', () => {
  it.each<[object, string]>([
    [{ trustDomain }, 'spiffe://acme.example/pay'],
    [{ trustDomain: ['b.example', 'acme.example'] }, 'spiffe://acme.example/pay'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/prod/sa/x'],
    [{ trustDomain, path: ['/ns/test', '/ns/prod', '/x'] }, 'spiffe://acme.example/ns/prod/sa/x'],
    [{ trustDomain, path: ['/ns/prod', '/x'] }, 'spiffe://acme.example/x'],
  ])('%j matches %s', (spiffe, id) => {
    expect(decide(spiffe, id)).toEqual({ outcome: 'match', reason: '' })
  })

  it.each<[object, string, string]>([
    [{ trustDomain }, 'spiffe://acme.example.evil/pay', 'spiffe://acme.example'],
    [{ trustDomain }, 'spiffe://xacme.example/pay', 'spiffe://acme.example'],
    [{ trustDomain }, 'spiffe://sub.acme.example/pay', 'spiffe://acme.example'],
    [{ trustDomain: ['a.example', 'b.example'] }, 'spiffe://acme.example/pay', 'spiffe://a.example|b.example'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/production', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/prod-x', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/pro', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/x/ns/prod', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example/ns/PROD', 'spiffe://acme.example/ns/prod'],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://b.example/ns/prod', 'spiffe://acme.example/ns/prod'],
    [
      { trustDomain, path: ['/ns/prod', '/ns/test'] },
      'spiffe://acme.example/ns/dev1',
      'spiffe://acme.example/ns/prod|/ns/test',
    ],
    [{ trustDomain, path: '/ns/prod' }, 'spiffe://acme.example./ns/dev', 'spiffe://acme.example/ns/prod'],
  ])('%j does not match %s', (spiffe, id, expected) => {
    expect(decide(spiffe, id)).toEqual({ outcome: 'mismatch', reason: `spiffe does not match: ${expected}` })
  })

  it('is undecided on a trust domain with a dot at its end', () => {
    expect(decide({ trustDomain, path: '/ns' }, 'spiffe://acme.example./ns')).toEqual({
      outcome: 'undecided',
      reason: 'the trust domain differs from acme.example only in a dot at its end',
    })
  })

  it.each([[[]], [['https://acme.example/pay']]])('does not match without an ID: %j', (uri) => {
    expect(decideOn({ trustDomain }, { subjectAltNames: { uri } })).toEqual({
      outcome: 'mismatch',
      reason: 'the certificate has no SPIFFE ID',
    })
  })

  it.each([
    [
      ['spiffe://acme.example/pay', 'spiffe://acme.example/x'],
      'the certificate has 2 URIs, and a SPIFFE ID must be the only one',
    ],
    [['SPIFFE://acme.example/pay'], 'a SPIFFE ID begins with "spiffe://" in lower case'],
    [['spiffe://acme.example/x/../pay'], 'the path of a SPIFFE ID has a dot segment'],
  ])('is undecided on a certificate that is not an SVID: %j', (uri, rule) => {
    expect(decideOn({ trustDomain }, { subjectAltNames: { uri } })).toEqual({
      outcome: 'undecided',
      reason: `the certificate has no valid SPIFFE ID: ${rule}`,
    })
  })

  it('is undecided on the certificate of a CA', () => {
    expect(decideOn({ trustDomain }, { subjectAltNames: { uri: ['spiffe://acme.example/pay'] } })).toEqual({
      outcome: 'undecided',
      reason: 'the certificate has a SPIFFE ID, but it is the certificate of a CA',
    })
  })

  it('is undecided without the certificate', () => {
    expect(decideOn({ trustDomain }, { subjectAltNames: null })).toEqual({
      outcome: 'undecided',
      reason:
        'the SPIFFE ID is unknown, because the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf',
    })
  })

  it('is told in words', () => {
    expect(compile({ trustDomain, path: '/ns/prod' }).description).toBe('spiffe spiffe://acme.example/ns/prod')
    expect(compile({ trustDomain }).description).toBe('spiffe spiffe://acme.example')
  })

  it.each<[unknown, string]>([
    [
      'spiffe://acme.example/pay',
      'GET /ops.spiffe is a text; write its parts, such as { trustDomain: "acme.example", path: "/ns/prod" }',
    ],
    [{}, 'GET /ops.spiffe must be an object with trustDomain, path'],
    [null, 'GET /ops.spiffe must be an object with trustDomain, path'],
    [undefined, 'GET /ops.spiffe is undefined'],
    [
      { path: '/ns' },
      'GET /ops.spiffe.trustDomain is missing; write it next to path, such as trustDomain: "acme.example"',
    ],
    [
      { trustDomain, paths: '/ns' },
      'GET /ops.spiffe: unknown property "paths"; known properties are trustDomain, path',
    ],
    [{ trustDomain: undefined }, 'GET /ops.spiffe.trustDomain must be a text or a list of texts'],
    [{ trustDomain: [] }, 'GET /ops.spiffe.trustDomain must be a text or a list of texts'],
    [{ trustDomain: /^acme\.example$/ }, 'GET /ops.spiffe.trustDomain must be a text or a list of texts'],
    [
      { trustDomain: 'Acme.example' },
      'GET /ops.spiffe.trustDomain: "Acme.example": not a trust domain; write "acme.example"',
    ],
    [{ trustDomain: '*.example' }, 'GET /ops.spiffe.trustDomain: "*.example": a trust domain has lower-case letters'],
    [{ trustDomain, path: undefined }, 'GET /ops.spiffe.path must be a text or a list of texts'],
    [{ trustDomain, path: '' }, 'GET /ops.spiffe.path must be a text or a list of texts'],
    [{ trustDomain, path: '/' }, 'GET /ops.spiffe.path: "/": every path begins with "/"; remove path'],
    [
      { trustDomain, path: ['/ns', '/ns/prod/*'] },
      'GET /ops.spiffe.path: "/ns/prod/*": not a path of a SPIFFE ID; write "/ns/prod"',
    ],
    [{ trustDomain, path: /^\/ns$/ }, 'GET /ops.spiffe.path must be a text or a list of texts'],
  ])('is refused at the start: %j', (spiffe, message) => {
    expect(() => compile(spiffe)).toThrow(TypeError)
    expect(() => compile(spiffe)).toThrow(message)
  })
})
