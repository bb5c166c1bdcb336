import type { CountersignPluginOptions } from '@countersign/origin-plugin'

/** What the pages have to know: what the plugin was told to ask for, and how much to tell. */
export interface PageOptions extends Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'> {
  /**
   * Whether the pages say why: a refusal's reason, and what each route asks for. That is for a laptop. In production it
   * belongs in the log alone: it would tell an attacker how close he came, and what to try next.
   */
  readonly explain: boolean
}
