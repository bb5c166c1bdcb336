/**
 * Requires a value that the Worker takes for `forwardCert`; nothing stands for its default.
 *
 * @throws TypeError
 */
export function checkForwardCert(forwardCert: string | undefined): void {
  if (forwardCert !== undefined && !['leaf', 'chain', 'none'].includes(forwardCert)) {
    throw new TypeError('forwardCert must be "leaf", "chain" or "none"')
  }
}
