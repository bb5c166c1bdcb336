/**
 * The inner files of the origin plugin that probes call.
 *
 * A probe measures steps that have no public name. All its imports of inner files are here, so that a move in the
 * plugin changes one file of the benchmark.
 */

export { parseTokenPart } from '../../packages/origin-plugin/src/access-token/token-part.ts'
export { authenticate } from '../../packages/origin-plugin/src/authenticate.ts'
export { admit } from '../../packages/origin-plugin/src/decision/admission.ts'
export { decide } from '../../packages/origin-plugin/src/decision/decide.ts'
export { decorateRequests } from '../../packages/origin-plugin/src/decision/progress.ts'
export { verifyEdgeSignature } from '../../packages/origin-plugin/src/edge-signature/verify-edge-signature.ts'
export { deepFreeze } from '../../packages/origin-plugin/src/lib/deep-freeze.ts'
export { resolveOptions, type Settings } from '../../packages/origin-plugin/src/options.ts'
export { readHeaders } from '../../packages/origin-plugin/src/read-headers.ts'
export { createCrlLoader } from '../../packages/origin-plugin/src/revocation/load-crl.ts'
export { hasSerial } from '../../packages/origin-plugin/src/revocation/serial-set.ts'
export { readCertificateNames, readNames } from '../../packages/origin-plugin/src/x509/certificate-names.ts'
export { readCertificateParts } from '../../packages/origin-plugin/src/x509/certificate-parts.ts'
export { DistinguishedName } from '../../packages/origin-plugin/src/x509/distinguished-name.ts'
export { readExtendedKeyUsage } from '../../packages/origin-plugin/src/x509/extensions/extended-key-usage.ts'
export { computeFingerprint } from '../../packages/origin-plugin/src/x509/fingerprint.ts'
export { fingerprintOf, readSerialNumber } from '../../packages/origin-plugin/src/x509/hex-identifier.ts'
export { namesAgree } from '../../packages/origin-plugin/src/x509/names-agree.ts'
export { isSigningCertificate } from '../../packages/origin-plugin/src/x509/signing-certificate.ts'
export { findSpiffeId } from '../../packages/origin-plugin/src/x509/text/spiffe-id.ts'
