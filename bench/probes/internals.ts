/**
 * The inner files of the origin plugin that probes call.
 *
 * A probe measures steps that have no public name. All its imports of inner files are here, so that a move in the
 * plugin changes one file of the benchmark.
 */
export { authenticate } from '../../packages/origin-plugin/src/authenticate.ts'
export { admit } from '../../packages/origin-plugin/src/decision/admission.ts'
export { decide } from '../../packages/origin-plugin/src/decision/decide.ts'
export { decorateRequests } from '../../packages/origin-plugin/src/decision/progress.ts'
export { verifyEdgeSignature } from '../../packages/origin-plugin/src/edge-signature/verify-edge-signature.ts'
export { resolveOptions, type Settings } from '../../packages/origin-plugin/src/options.ts'
export { readHeaders } from '../../packages/origin-plugin/src/read-headers.ts'
export { createCrlLoader } from '../../packages/origin-plugin/src/revocation/load-crl.ts'
export { hasSerial } from '../../packages/origin-plugin/src/revocation/serial-set.ts'
export { readCertificateNames } from '../../packages/origin-plugin/src/x509/certificate-names.ts'
export { DistinguishedName } from '../../packages/origin-plugin/src/x509/distinguished-name.ts'
