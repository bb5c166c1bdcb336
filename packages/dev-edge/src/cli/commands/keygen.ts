import { checkSigningKey, type SignatureAlgorithm, type SigningJwk } from '@countersign/wire'
import { Command, Option } from 'commander'
import { createSigningKey, newKeyId, toVerificationKey } from '../../pki/edge-key.ts'
import { parseKeySet } from '../arguments/parse-key-set.ts'
import { KEYS_SOURCE, placeOfKeys, type SourceOfKeys } from '../arguments/read-keys.ts'
import { jsonOption } from '../arguments/shared-options.ts'
import { quoteForShell } from '../output/curl-command.ts'
import { print, printJson, style } from '../output/print.ts'

interface KeygenOptions {
  readonly alg?: SignatureAlgorithm
  readonly rotate?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  countersign keygen
  countersign keygen --alg ed25519        # the origin can then verify, and not sign
  countersign keygen --rotate COUNTERSIGN_KEYS          # the variable's name: ps would show its value
  countersign keygen --rotate keys.json
  countersign keygen --json > key.json    # .originKeys is COUNTERSIGN_KEYS; remove the file afterwards
  jq -c .workerKey key.json | npx wrangler secret put COUNTERSIGN_KEY`

/** `countersign keygen`: makes a key for the Worker, and the key with which the origin verifies it. */
export function keygenCommand(): Command {
  return new Command('keygen')
    .summary('make the signing key of the Worker')
    .description(
      'Makes the signing key of the Worker, and the key with which the origin verifies it. Nothing is stored.',
    )
    .addOption(
      new Option('--alg <name>', 'by default that of the newest key of the set, else hmac-sha256').choices([
        'hmac-sha256',
        'ed25519',
      ]),
    )
    .addOption(new Option('--rotate <source>', `add to the origin's COUNTERSIGN_KEYS: ${KEYS_SOURCE}`))
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(keygen)
}

function keygen({ alg, rotate, json }: KeygenOptions, command: Command): void {
  const present = rotate === undefined ? [] : presentKeys(rotate, command)
  const newest = present.at(-1)
  const workerKey = createSigningKey(
    alg ?? (newest ? checkSigningKey(newest, 'verify').alg : 'hmac-sha256'),
    newKeyId(),
  )
  const originKeys = [toVerificationKey(workerKey)]
  const bothKeys = [...present, ...originKeys]
  if (json) {
    printJson({ workerKey, originKeys: bothKeys, ...(newest && { originKeysWhenDone: originKeys }) })
  } else if (newest && rotate !== undefined) {
    print(formatRotation(placeOfKeys(rotate), workerKey, bothKeys, originKeys))
  } else {
    print(formatFirst(workerKey, originKeys))
  }
}

/** Not parsed by commander, because its message would contain the keys. */
function presentKeys(rotate: string, command: Command): readonly SigningJwk[] {
  try {
    return parseKeySet(rotate)
  } catch (error) {
    return command.error((error as TypeError).message)
  }
}

function formatFirst(workerKey: SigningJwk, originKeys: readonly SigningJwk[]): string {
  return [
    style('bold', 'The origin: set in its environment'),
    environment('COUNTERSIGN_KEYS', originKeys),
    '',
    style('bold', 'The Worker: run npx wrangler secret put COUNTERSIGN_KEY, and paste this line'),
    JSON.stringify(workerKey),
    '',
    "A holder of the Worker's key can sign any identity. Keep it with your secrets, and make one for each environment.",
  ].join('\n')
}

function formatRotation(
  place: SourceOfKeys,
  workerKey: SigningJwk,
  bothKeys: readonly SigningJwk[],
  originKeys: readonly SigningJwk[],
): string {
  return [
    'Deploy in this order, and no request is lost.',
    '',
    style('bold', `1. The origin, with the old key and the new one${inFile(place)}:`),
    formatFor(place, bothKeys),
    '',
    style(
      'bold',
      '2. The Worker, when every origin has it: run npx wrangler secret put COUNTERSIGN_KEY, and paste this line',
    ),
    JSON.stringify(workerKey),
    '',
    style('bold', `3. A minute or more later the origin again, with the new key alone${inFile(place)}:`),
    formatFor(place, originKeys),
  ].join('\n')
}

const inFile = ({ kind, name }: SourceOfKeys) => (kind === 'file' ? `, as the text of ${name}` : '')

/** The keys as their place has them. The reader of standard input knows the place alone, so it gets the text itself. */
function formatFor({ kind, name }: SourceOfKeys, keys: readonly SigningJwk[]): string {
  return kind === 'variable' ? environment(name, keys) : JSON.stringify(keys)
}

function environment(name: string, keys: readonly SigningJwk[]): string {
  return `${name}=${quoteForShell(JSON.stringify(keys))}`
}
