/** `request.cf.tlsClientAuth` of a verified certificate, in Cloudflare's own formats. */
export const VERIFIED = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certSubjectDN: 'CN=pay-1,OU=Payments,O=Acme\\, Inc.,C=US',
  certIssuerDN: 'CN=Acme Issuing CA,O=Acme\\, Inc.,C=US',
  certSubjectDNRFC2253: 'CN=pay-1,OU=Payments,O=Acme\\, Inc.,C=US',
  certIssuerDNRFC2253: 'CN=Acme Issuing CA,O=Acme\\, Inc.,C=US',
  certSubjectDNLegacy: '/C=US/O=Acme, Inc./OU=Payments/CN=pay-1',
  certIssuerDNLegacy: '/C=US/O=Acme, Inc./CN=Acme Issuing CA',
  certSerial: '00936EACBE07F201DF',
  certIssuerSerial: '2489002934BDFEA34',
  certSKI: 'BB:AF:7E:02:3D:FA:A6:F1:3C:84:8E:AD:EE:38:98:EC:D9:32:32:D4',
  certIssuerSKI: 'BBAF7E023DFAA6F13C848EADEE3898ECD93232D4',
  certFingerprintSHA1: '6b9109f323999e52259cda7373ff0b4d26bd232e',
  certFingerprintSHA256: 'acf77cf37b4156a2708e34c4eb755f9b5dbbe5ebb55adfec8f11493438d19e6a',
  certNotBefore: 'Dec 22 19:39:00 2025 GMT',
  certNotAfter: 'Dec  2 19:39:00 2027 GMT',
  certRFC9440: ':MIIBAjCBqaADAgECAgkAk26svgfyAd8=:',
  certRFC9440TooLarge: false,
  certChainRFC9440: ':MIIBAjCBqaADAgECAgEB:, :MIIBAjCBqaADAgECAgEC:',
  certChainRFC9440TooLarge: false,
} as const

/** The placeholder that Cloudflare sends without a certificate. */
export const PLACEHOLDER = {
  ...Object.fromEntries(Object.keys(VERIFIED).map((field) => [field, ''])),
  certPresented: '0',
  certVerified: 'NONE',
  certRevoked: '0',
  certRFC9440TooLarge: false,
  certChainRFC9440TooLarge: false,
}
