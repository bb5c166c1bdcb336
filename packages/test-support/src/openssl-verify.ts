// The oracle of certification paths: it shares no code with the plugin.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WrittenCertificate } from './write-certificate.ts'

/** The part of a question that several clients share. */
export interface PathSetting {
  /** In any order, with strangers among them. */
  readonly others: readonly WrittenCertificate[]
  readonly root: WrittenCertificate
  readonly maxDepth: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** A question to OpenSSL: whether a path leads from the client's certificate to the root. */
export interface PathQuestion extends PathSetting {
  readonly client: WrittenCertificate
}

/** OpenSSL with a folder for its files. */
export interface OpensslVerifier {
  /**
   * Asks `openssl verify` for a path that TLS clients may use, with keys and signatures of 112 bits of strength.
   *
   * OpenSSL tries one certificate of each name, and gives up if it was the wrong one. So it is asked about all
   * certificates together, and then about each sequence of certificates whose names lead to the root.
   */
  accepts(question: PathQuestion): boolean
  /** The same for several clients, with one process for most of them. */
  acceptsEach(clients: readonly WrittenCertificate[], setting: PathSetting): boolean[]
  remove(): void
}

/** Creates the folder. */
export function opensslVerifier(): OpensslVerifier {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-verify-'))
  function acceptsEach(clients: readonly WrittenCertificate[], setting: PathSetting): boolean[] {
    const together = verify(folder, clients, setting)
    const accepted = new Set(clients.filter((_, at) => together[at]))
    for (const [issuer, all] of Map.groupBy(clients, issuerOf)) {
      const paths = namedPaths(issuer, setting)
      // Without a choice, the first answer is final.
      if (paths.length < 2 && hasOneOfEachName(setting)) continue
      for (const others of paths) {
        const left = all.filter((client) => !accepted.has(client))
        const alone = left.length > 0 ? verify(folder, left, { ...setting, others }) : []
        for (const [at, client] of left.entries()) if (alone[at]) accepted.add(client)
      }
    }
    return clients.map((client) => accepted.has(client))
  }
  return {
    acceptsEach,
    accepts: ({ client, ...setting }) => acceptsEach([client], setting)[0] === true,
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function verify(folder: string, clients: readonly WrittenCertificate[], setting: PathSetting): boolean[] {
  const { others, root, maxDepth, time } = setting
  const file = (name: string, ...certificates: readonly WrittenCertificate[]) => {
    writeFileSync(join(folder, name), certificates.map(({ pem }) => pem).join('\n'))
    return join(folder, name)
  }
  const files = clients.map((client, at) => file(`client-${at}.pem`, client))
  const { stdout } = spawnSync(
    'openssl',
    [
      ...['verify', '-purpose', 'sslclient', '-auth_level', '2', '-no-CApath', '-no-CAstore', '-partial_chain'],
      ...['-attime', String(Math.floor(time / 1000)), '-verify_depth', String(maxDepth)],
      ...['-CAfile', file('root.pem', root)],
      ...(others.length > 0 ? ['-untrusted', file('others.pem', ...others)] : []),
      ...files,
    ],
    { encoding: 'utf8' },
  )
  const accepted = new Set(stdout.split('\n'))
  return files.map((path) => accepted.has(`${path}: OK`))
}

function hasOneOfEachName({ others, root }: PathSetting): boolean {
  const names = [root, ...others].map(({ spec }) => spec.subject)
  return new Set(names).size === names.length
}

const issuerOf = ({ spec }: WrittenCertificate) => spec.issuer ?? spec.subject

/** The sequences of different certificates from a name to the root. Each one has the name of the issuer of the one before. */
function namedPaths(from: string, { others, root }: PathSetting): WrittenCertificate[][] {
  const unlike = others.filter((other, at) => !other.der.equals(root.der) && others.indexOf(other) === at)
  const paths: WrittenCertificate[][] = []
  function extend(path: readonly WrittenCertificate[], issuer: string): void {
    if (issuer === root.spec.subject) paths.push([...path])
    for (const next of unlike) {
      if (next.spec.subject === issuer && !path.includes(next)) extend([...path, next], issuerOf(next))
    }
  }
  extend([], from)
  return paths
}
