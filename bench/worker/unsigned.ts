import { stamped } from './stamped.ts'

/**
 * Countersign without its signature. The Worker has no such option. This contender shows the cost of the signature.
 * It is a separate module because wrangler bundles it like the real Worker.
 */
export default {
  fetch: (request: Request) => fetch(...stamped(request)),
}
