import { exit } from 'node:process'
import { der } from '@countersign/test-support/write-der'
import { DistinguishedName, readCertificateNames } from './internals.ts'

/**
 * `node bench/probes/names.ts`: measures how the cost of reading names grows with their length. A client's issuer
 * chooses the names, so an input of 16 times the length must cost about 16 times as much, not 256 times.
 */

/** Names in text that fill a header, each with a part that repeats. */
const TEXTS: Readonly<Record<string, (length: number) => string>> = {
  'one attribute, repeated': (length) => `${'CN=a,'.repeat(Math.floor(length / 5))}CN=a`,
  'one RDN of many attributes': (length) => `${'CN=a+'.repeat(Math.floor(length / 5))}CN=a`,
  'types of their own': (length) =>
    `${Array.from({ length: length / 12 }, (_, at) => `1.2.${10_000 + at}=a,`).join('')}CN=a`,
  'a type of many arcs': (length) => `1${'.1'.repeat(Math.floor(length / 2) - 2)}=a`,
  'a type with one long arc': (length) => `1.${'9'.repeat(length - 4)}=a`,
  'escapes, each between letters': (length) => `CN=${'\\41b'.repeat(Math.floor(length / 4) - 1)}`,
  'bytes in hexadecimal': (length) =>
    `1.2.3=#0482${(Math.floor(length / 2) - 8).toString(16).padStart(4, '0')}${'41'.repeat(Math.floor(length / 2) - 8)}`,
  'spaces before the end': (length) => `CN=a${' '.repeat(length - 4)}`,
  'invisible characters': (length) => `CN=${'\\E2\\80\\8D'.repeat(Math.floor(length / 9) - 1)}`,
}

/** Certificates of at most 10 KiB, the limit of `Client-Cert`. */
const CERTIFICATES: Readonly<Record<string, (length: number) => Uint8Array>> = {
  'one attribute, repeated': (length) => certificate(der(0x30, ...Array(Math.floor(length / 14)).fill(rdn('550403')))),
  'a type of many bytes': (length) =>
    certificate(der(0x30, ...Array(Math.floor(length / 128)).fill(rdn(`2a${'ff'.repeat(110)}01`)))),
  'many alternative names': (length) =>
    certificate(
      der(0x30),
      der(
        0x30,
        der(0x06, '\x55\x1d\x11'),
        der(0x04, der(0x30, ...Array(Math.floor(length / 4)).fill(der(0x82, 'ab')))),
      ),
    ),
}

const rdn = (type: string) => der(0x31, der(0x30, der(0x06, Buffer.from(type, 'hex')), der(0x0c, 'a')))

/** The parts of a certificate that are read for its names. */
function certificate(subject: Uint8Array, ...extensions: readonly Uint8Array[]): Uint8Array {
  const [serial, sequence] = [der(0x02, '\x01'), der(0x30)]
  return der(
    0x30,
    der(0x30, serial, sequence, sequence, sequence, subject, sequence, der(0xa3, der(0x30, ...extensions))),
  )
}

/** The shortest of many runs, in milliseconds: other work on the machine only adds to it. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 100; round += 1) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

let steepest = 0
function measure<Input>(
  kind: string,
  of: Readonly<Record<string, (length: number) => Input>>,
  longest: number,
  read: (input: Input) => unknown,
) {
  for (const [what, make] of Object.entries(of)) {
    const [short, whole] = [longest / 16, longest].map((length) => {
      const input = make(length)
      return fastest(() => read(input))
    }) as [number, number]
    steepest = Math.max(steepest, whole / short)
    console.log(
      `${kind}, ${what}: ${whole.toFixed(2)} ms for ${longest} bytes, ${(whole / short).toFixed(1)} times a sixteenth of it`,
    )
  }
}

measure('text', TEXTS, 16_000, (text) => {
  const name = DistinguishedName.parse(text)
  return [name.key, String(name), name.CN]
})
measure('certificate', CERTIFICATES, 10_240, (bytes) => readCertificateNames(bytes).subject.key)

if (steepest > 40) {
  console.error(`the cost grows ${steepest.toFixed(1)} times with 16 times the length: it is not linear`)
  exit(1)
}
