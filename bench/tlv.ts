import { encodeDer } from '../packages/dev-edge/src/pki/encode-der.ts'

/** One DER value of several parts. */
export const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => encodeDer(tag, Buffer.concat(parts))
