// The oracle of certification paths: it shares no code with the plugin.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WrittenCertificate } from './write-certificate.ts'

/** A question to OpenSSL: whether a path leads from the client's certificate to the root. */
export interface PathQuestion {
  readonly client: WrittenCertificate
  /** In any order, with strangers among them. */
  readonly others: readonly WrittenCertificate[]
  readonly root: WrittenCertificate
  readonly maxDepth: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** OpenSSL with a folder for its files. */
export interface OpensslVerifier {
  /**
   * Asks `openssl verify` for a path that TLS clients may use, with keys and signatures of 112 bits of strength.
   *
   * OpenSSL tries one certificate of each name, and gives up if it was the wrong one. So it is asked about each sequence
   * of certificates whose names lead to the root.
   *
   * @returns `OK` if it accepts one of them, or its first error
   */
  ask(question: PathQuestion): string
  remove(): void
}

/** Creates the folder. */
export function opensslVerifier(): OpensslVerifier {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-verify-'))
  return {
    ask(question) {
      const answers = namedPaths(question).map((others) => verify(folder, { ...question, others }))
      return answers.find((answer) => answer === 'OK') ?? answers[0] ?? verify(folder, question)
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function verify(folder: string, { client, others, root, maxDepth, time }: PathQuestion): string {
  const file = (name: string, ...certificates: readonly WrittenCertificate[]) => {
    writeFileSync(join(folder, name), certificates.map(({ pem }) => pem).join('\n'))
    return join(folder, name)
  }
  const { stdout, stderr } = spawnSync(
    'openssl',
    [
      ...['verify', '-purpose', 'sslclient', '-auth_level', '2', '-no-CApath', '-no-CAstore', '-partial_chain'],
      ...['-attime', String(Math.floor(time / 1000)), '-verify_depth', String(maxDepth)],
      ...['-CAfile', file('root.pem', root)],
      ...(others.length > 0 ? ['-untrusted', file('others.pem', ...others)] : []),
      file('client.pem', client),
    ],
    { encoding: 'utf8' },
  )
  if (stdout.endsWith(': OK\n')) return 'OK'
  return /error \d+ at \d+ depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr
}

/** The sequences of different certificates in which each one has the name of the issuer of the one before. */
function namedPaths({ client, others, root }: PathQuestion): WrittenCertificate[][] {
  const unlike = others.filter((other, at) => !other.der.equals(root.der) && others.indexOf(other) === at)
  const paths: WrittenCertificate[][] = []
  function extend(path: readonly WrittenCertificate[]): void {
    const { spec } = path.at(-1) ?? client
    const issuer = spec.issuer ?? spec.subject
    if (issuer === root.spec.subject) paths.push([...path])
    for (const next of unlike) if (next.spec.subject === issuer && !path.includes(next)) extend([...path, next])
  }
  extend([])
  return paths.toSorted((one, other) => one.length - other.length)
}
