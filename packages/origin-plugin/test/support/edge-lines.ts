import type { IssuedCert } from '@countersign/test-support/certificates'
import type { EdgeKeyPair } from '@countersign/test-support/edge-key-pair'
import { type SignatureOverrides, signAsWorker } from '@countersign/test-support/sign-as-worker'
import { type HeaderLine, headerLines } from '@countersign/test-support/wire-request'
import { certificateLines, type HeaderChanges, noCertificateLines, tokenLine } from './header-lines.ts'

/** The host name of the test origin. */
export const AUTHORITY = 'origin.example'

/** A request as the test edge sends it. */
export interface EdgeRequest extends SignatureOverrides {
  readonly method?: string
  /** `null` for a client without a certificate. */
  readonly cert?: IssuedCert | null
  readonly token?: string
  readonly changes?: HeaderChanges
  /** The edge's key. `null` leaves the request unsigned. */
  readonly key?: EdgeKeyPair | null
  /** The target to sign in place of the one that is sent. */
  readonly signedTarget?: string
  /** Changes the lines after they were signed. */
  readonly tamper?: (lines: readonly HeaderLine[]) => readonly HeaderLine[]
}

/** The header lines that the edge would send, without `Host`. */
export function edgeLines(target: string, request: EdgeRequest): readonly HeaderLine[] {
  const { method = 'GET', cert = null, token, changes, key, signedTarget = target, tamper = (lines) => lines } = request
  const lines = cert ? certificateLines(cert, changes) : noCertificateLines(changes)
  if (token !== undefined) lines.unshift(tokenLine(token))
  return tamper(key ? appendSignature(lines, key, { ...request, method, target: signedTarget }) : lines)
}

/** Signs header lines as the Worker does. Returns them with `Signature-Input` and `Signature`. */
export function appendSignature(
  lines: readonly HeaderLine[],
  key: EdgeKeyPair,
  { method = 'GET', target = '/', ...overrides }: SignatureOverrides & { method?: string; target?: string } = {},
): HeaderLine[] {
  const headers = ['Host', AUTHORITY, ...lines.flat()]
  return headerLines(signAsWorker({ method, target, headers }, key.privateJwk, overrides)).slice(1)
}
