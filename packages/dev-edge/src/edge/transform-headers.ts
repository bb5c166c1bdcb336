import type { HeaderSourceName } from '@countersign/origin-plugin'
import { CF_CERT_HEADERS } from '@countersign/wire'
import type { FullTlsClientAuth } from '../handshake/build-tls-client-auth.ts'
import { headerPairs, type RawHeaders } from '../net/raw-headers.ts'

/** A zone's own certificate headers. */
export type TransformSource = Exclude<HeaderSourceName, 'worker'>

/**
 * Sets the certificate headers of a zone without a Worker, as Cloudflare's rules do. They replace the client's headers
 * of these names, and remove them where there is no value. Other names of the client stay, as at Cloudflare:
 * `x-cert-serial`, `cf_cert_serial` and every header of the other source.
 *
 * @param source - the managed transform "Add TLS client auth headers", or the transform rules that Cloudflare documents
 * for RFC 9440
 * @see {@link https://developers.cloudflare.com/rules/transform/managed-transforms/reference/#add-tls-client-auth-headers Cloudflare: managed transforms}
 * @see {@link https://developers.cloudflare.com/ssl/client-certificates/forward-a-client-certificate/ Cloudflare: forward a client certificate}
 */
export function transformHeaders(raw: RawHeaders, source: TransformSource, auth: FullTlsClientAuth): string[] {
  const values = source === 'cf-cert' ? managedValues(auth) : ruleValues(auth)
  const kept = [...headerPairs(raw)].filter(([name]) => !values.has(name.toLowerCase()))
  const set = [...values].filter(([, value]) => value !== '')
  return [...kept, ...set].flat()
}

type HeaderValues = ReadonlyMap<string, string>

/** Flags of rules are `true` and `false`, and the verdict is a flag too. Names are UTF-8, in Node's Latin-1 form. */
function managedValues(auth: FullTlsClientAuth): HeaderValues {
  const flags: Partial<Record<keyof FullTlsClientAuth, boolean>> = {
    certPresented: auth.certPresented === '1',
    certVerified: isVerified(auth),
    certRevoked: isRevoked(auth),
  }
  return new Map(
    CF_CERT_HEADERS.map(({ name, field }) => [
      name,
      String(flags[field] ?? Buffer.from(auth[field]).toString('latin1')),
    ]),
  )
}

function ruleValues(auth: FullTlsClientAuth): HeaderValues {
  const admits = isVerified(auth) && !isRevoked(auth)
  return new Map([
    ['client-cert', admits && !auth.certRFC9440TooLarge ? auth.certRFC9440 : ''],
    ['client-cert-chain', admits && !auth.certChainRFC9440TooLarge ? auth.certChainRFC9440 : ''],
  ])
}

function isVerified({ certVerified }: FullTlsClientAuth): boolean {
  return certVerified === 'SUCCESS'
}

function isRevoked({ certRevoked }: FullTlsClientAuth): boolean {
  return certRevoked === '1'
}
