import { headerOf, signatureParameters } from './captured-request.ts'
import type { Explained, StepName } from './steps.ts'

/** Whether a step is taken at all, and what it means that it is not, or that it held. */
export interface StepDescription {
  readonly asked: boolean
  readonly detail: string
}

const held = (detail: string): StepDescription => ({ asked: true, detail })
const notAsked = (detail: string): StepDescription => ({ asked: false, detail })

const NO_EDGE = notAsked('edge is null')

/** What to say of a step that is not the one that failed. */
const DESCRIPTIONS: Readonly<Record<StepName, (explained: Explained) => StepDescription>> = {
  headers: () => held('no certificate header is repeated, empty, or of a name that the edge does not send'),
  'edge signature': ({ captured, settings: { edge } }) => (edge ? held(describeSignature(captured)) : NO_EDGE),
  replay: ({ settings: { edge } }) => {
    if (!edge) return NO_EDGE
    if (!edge.replay) return notAsked('edge.replay is false')
    return held('the nonce is new here; whether the origin has seen it, the request cannot tell')
  },
  'Access token': ({ settings: { access } }) =>
    access ? held(`signed by ${access.issuer} for ${access.audience.join(' or ')}`) : notAsked('access is null'),
  verdict: () => held('Cloudflare verified the certificate and does not know it as revoked'),
  certificate: ({ captured }) => held(describeCertificate(captured)),
  trust: ({ captured, settings: { trustedIssuers } }) => held(describeTrust(captured, trustedIssuers)),
  'token and certificate': ({ settings: { access } }) =>
    access ? held('the token names no other certificate') : notAsked('access is null'),
  guard: ({ guard }) => (guard ? held(guard.description) : notAsked('no requirement was given')),
}

/** Describes a step that is not the one that failed. */
export function describeStep(step: StepName, explained: Explained): StepDescription {
  return DESCRIPTIONS[step](explained)
}

function describeSignature(captured: Explained['captured']): string {
  const { keyid, alg, created } = signatureParameters(captured) ?? {}
  return `by the key "${keyid}" (${alg}), made at ${isoTime(created ?? 0)}`
}

function describeCertificate(captured: Explained['captured']): string {
  const [subject = '(empty)', issuer] = ['x-cert-subject-dn', 'x-cert-issuer-dn'].map(
    (name) => headerOf(captured, `${name}-2253`) ?? headerOf(captured, name),
  )
  const forwarded =
    headerOf(captured, 'client-cert') === undefined ? 'no Client-Cert to hold it against' : 'Client-Cert agrees'
  return `${subject}, issued by ${issuer}; ${forwarded}`
}

function describeTrust(captured: Explained['captured'], issuers: Explained['settings']['trustedIssuers']): string {
  const validity = `valid from ${headerOf(captured, 'x-cert-notbe')} to ${headerOf(captured, 'x-cert-notaf')}`
  if (!issuers) return `every issuer is trusted; ${validity}`
  const lists = issuers.some(({ revocation }) => revocation)
    ? 'on no revocation list that is kept'
    : 'no revocation list is kept'
  return `the issuer is trusted; ${validity}; ${lists}`
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString()
