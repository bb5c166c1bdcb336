import type { OriginFlags } from './origin-flags.ts'

/** A part of an error of the plugin, and the words for the same in flags. */
type Rule = readonly [option: RegExp, flag: string | ((...found: string[]) => string)]

/** Whole sentences, whose remedy is another one with flags. */
const SENTENCES: readonly Rule[] = [
  [
    /^edge and access must not both be null; configure at least one,/,
    '--no-edge and --no-access exclude each other; remove one of the two,',
  ],
  [
    /^access must not be null with source: "(\w[\w-]*)", (.*); configure access$/,
    '--no-access does not fit --source $1, $2; write --team and --audience',
  ],
  [/^access must have a team or an issuer URL; .*/, '--issuer must be a URL; write --issuer https://…, or --team acme'],
  [/^edge\.hosts must be a list .*/, '--host is not a name; write --host app.example.com, or --any-host'],
  [
    /^optional\((.*)\) is not a requirement; .*/,
    '--requirement must not be $1 with --optional; write true or an object',
  ],
]

/** Options of the plugin inside a sentence. The longer ones come first. */
const OPTIONS: readonly Rule[] = [
  [/trustedIssuers\[\d+\](?:\.|: )chain\.maxDepth/g, '--chain'],
  [/trustedIssuers\[\d+\]\.chain/g, '--chain'],
  [/trustedIssuers\[\d+\](?:\.|: )revocation\.crl/g, '--crl'],
  [/trustedIssuers\[\d+\]\.byName/g, '--by-name'],
  [/^trustedIssuers: the revocation list/, '--crl: the revocation list'],
  [/^trustedIssuers: /, '--ca: '],
  [/write \{ ca, byName: true \}(?: for each CA that issues client certificates)?/g, 'write --by-name'],
  [/\buse source: "([\w-]+)"/g, 'use --source $1'],
  [/\bsource: "([\w-]+)"/g, '--source $1'],
  [/; read it with readFileSync\(path, "utf8"\).*/, '; write the path of a file in PEM'],
  [/, or a function that returns the bytes/, ''],
  [/, or a function; for a public route write clientCert: false/, ''],
  [/is a list; write anyOf\(…\) or allOf\(…\) with its elements/, 'is a list; write one object'],
  [/\bedge\.keys\b/g, '--keys'],
  [/\bedge\.hosts\b/g, '--host'],
  [/\bedge\.maxAge\b/g, '--max-age'],
  [/\bedge\.clockTolerance\b/g, '--clock-tolerance'],
  [/\baccess\.clockTolerance\b/g, '--access-clock-tolerance'],
  [/\baccess\.(?:jwksUri|jwks)\b/g, '--jwks'],
  [/\baccess\.(team|issuer|audience)\b/g, '--$1'],
  [/\bpolicies\.(?=\w)/g, '--policies: '],
]

/**
 * Names the flags of the command in an error of the plugin, which names its own options.
 *
 * @param message - the error, which contains no secret
 */
export function nameFlags(message: string, { ca = [], policy }: OriginFlags & { readonly policy?: string }): string {
  const requirement = policy === undefined ? '--requirement' : '--policy'
  const ofTheseFlags: readonly Rule[] = [
    [/^the requirement(?:: the requirement(?= must| is))?/, requirement],
    [/trustedIssuers\[(\d+)\]/g, (_, at) => `--ca ${ca[Number(at)] ?? ''}`.trimEnd()],
  ]
  return [...SENTENCES, ...OPTIONS, ...ofTheseFlags].reduce(
    (text, [option, flag]) => (typeof flag === 'string' ? text.replace(option, flag) : text.replace(option, flag)),
    message,
  )
}
