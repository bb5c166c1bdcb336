import type { Attributes } from '@opentelemetry/api'
import type { AccessIdentity } from '../access-token/access-identity.ts'
import type { ClientCert } from '../client-cert.ts'
import { cutText } from '../lib/quote-value.ts'

/** A name can be as long as a header. Every span would contain it. */
const MAX_TEXT = 300

/**
 * The identity of a client as attributes of a span. The claims of a token stay out: an identity provider can add any
 * secret to them.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/registry/attributes/tls/ OpenTelemetry: TLS attributes}
 */
export function identityAttributes(clientCert: ClientCert | null, access: AccessIdentity | null): Attributes {
  return { ...(clientCert && certificateAttributes(clientCert)), ...(access && accessAttributes(access)) }
}

function certificateAttributes(cert: ClientCert): Attributes {
  return {
    'tls.client.subject': cutText(String(cert.subject), MAX_TEXT),
    'tls.client.issuer': cutText(String(cert.issuer), MAX_TEXT),
    // The convention has the digits alone, in upper case.
    'tls.client.hash.sha256': cert.fingerprint256.replaceAll(':', ''),
    'tls.client.not_before': cert.validFromDate.toISOString(),
    'tls.client.not_after': cert.validToDate.toISOString(),
  }
}

function accessAttributes(access: AccessIdentity): Attributes {
  switch (access.kind) {
    case 'user':
      return {
        'user.email': cutText(access.email, MAX_TEXT),
        ...(access.sub !== undefined && { 'user.id': cutText(access.sub, MAX_TEXT) }),
      }
    case 'service':
      return { 'countersign.access.client_id': cutText(access.clientId, MAX_TEXT) }
    case 'certificate':
      return { 'countersign.access.common_name': cutText(access.commonName, MAX_TEXT) }
  }
}
