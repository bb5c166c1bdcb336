/**
 * The Worker of Cloudflare's page "Mutual TLS client headers", as a module: the same condition, the same headers, and
 * the same order in which they are merged.
 */
export default {
  fetch(request) {
    const headers = {}
    const tls = request.cf?.tlsClientAuth
    if (tls?.certPresented) {
      Object.assign(headers, {
        'X-CERT-ISSUER-DN': tls.certIssuerDN,
        'X-CERT-SUBJECT-DN': tls.certSubjectDN,
        'X-CERT-ISSUER-DN-L': tls.certIssuerDNLegacy,
        'X-CERT-SUBJECT-DN-L': tls.certSubjectDNLegacy,
        'X-CERT-SERIAL': tls.certSerial,
        'X-CERT-FINGER': tls.certFingerprintSHA1,
        'X-CERT-VERIFY': tls.certVerified,
        'X-CERT-NOTBE': tls.certNotBefore,
        'X-CERT-NOTAF': tls.certNotAfter,
      })
    }
    Object.assign(headers, Object.fromEntries(request.headers))
    return fetch(request, { headers: new Headers(headers) })
  },
}
