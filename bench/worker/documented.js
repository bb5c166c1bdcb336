/**
 * Cloudflare's documented script for Access: it adds nine headers from the certificate, and the origin cannot prove them.
 * It is a separate module because workerd runs it unchanged.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/mutual-tls-authentication/
 */
export default {
  fetch(request) {
    const headers = {}
    const auth = request.cf?.tlsClientAuth
    if (auth) {
      headers['X-CERT-ISSUER-DN'] = auth.certIssuerDN
      headers['X-CERT-SUBJECT-DN'] = auth.certSubjectDN
      headers['X-CERT-ISSUER-DN-L'] = auth.certIssuerDNLegacy
      headers['X-CERT-SUBJECT-DN-L'] = auth.certSubjectDNLegacy
      headers['X-CERT-SERIAL'] = auth.certSerial
      headers['X-CERT-FINGER'] = auth.certFingerprintSHA1
      headers['X-CERT-VERIFY'] = auth.certVerified
      headers['X-CERT-NOTBE'] = auth.certNotBefore
      headers['X-CERT-NOTAF'] = auth.certNotAfter
    }
    for (const [name, value] of request.headers.entries()) headers[name] = value
    return fetch(request, { headers: new Headers(headers) })
  },
}
