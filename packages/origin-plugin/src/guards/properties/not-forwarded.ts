import type { ClientCert } from '../../client-cert.ts'
import { type Decision, undecided } from '../guard.ts'

/**
 * Makes the decision on a property that only the certificate itself shows, for a certificate that did not come along.
 *
 * @param properties - with its verb, such as `the alternative names are`
 * @returns a function, because the cause differs between certificates
 */
export function notForwarded(properties: string): (cert: ClientCert) => Decision {
  const switchedOff = undecided(
    `${properties} unknown, because the Worker does not forward the certificate; set COUNTERSIGN_FORWARD_CERT to leaf`,
  )
  const tooLarge = undecided(
    `${properties} unknown, because the certificate is larger than 10 KiB and Cloudflare does not forward it; issue a smaller one`,
  )
  return ({ raw }) => (raw['x-cert-too-large'] === '1' ? tooLarge : switchedOff)
}

/** Whether the certificate itself came along. Unlike `x509`, this property is not parsed again for each read. */
export function isForwarded({ subjectAltNames }: ClientCert): boolean {
  return subjectAltNames !== undefined
}
