import { COVERED_FIELDS, formatSignatureInput, SIGNATURE_LABEL } from '@countersign/wire'
import { stamped } from './stamped.ts'

/** As many bytes as the Worker signs. */
const BASE = new Uint8Array(3_000)
const PARAMETERS = { created: 1, expires: 61, nonce: 'A'.repeat(22), keyid: 'bench', alg: 'hmac-sha256' } as const
const SIGNATURE_INPUT = `${SIGNATURE_LABEL}=${formatSignatureInput(COVERED_FIELDS, PARAMETERS)}`
const SIGNATURE = `${SIGNATURE_LABEL}=:${'A'.repeat(43)}=:`

let key: Awaited<ReturnType<typeof crypto.subtle.importKey>> | undefined

/**
 * The least that a Worker does for any signature: one HMAC and two headers, all of constants. It proves nothing, and
 * shows the floor of the signature's cost. It is a separate module because wrangler bundles it like the real Worker.
 */
export default {
  async fetch(request: Request) {
    const [url, init] = stamped(request)
    key ??= await crypto.subtle.importKey('raw', BASE.slice(0, 32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    await crypto.subtle.sign('HMAC', key, BASE)
    init.headers.set('signature-input', SIGNATURE_INPUT)
    init.headers.set('signature', SIGNATURE)
    return fetch(url, init)
  },
}
