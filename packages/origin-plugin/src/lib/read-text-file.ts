import { constants, open } from 'node:fs/promises'

/**
 * Reads a text file within bounds.
 *
 * Attack: the path leads to a pipe, whose open would wait for a writer, or to a file of any length. Opening does not
 * wait, and neither a pipe nor more than `maxBytes` is read. A file can grow while it is read, so the bytes count, and
 * not the length that the file system states.
 *
 * @throws Error with the cause, in words for a log
 */
export async function readTextFile(path: string | URL, maxBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(fail)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('it is not a regular file')
    // One byte more than the stated length shows the end of the file in most cases.
    let bytes = Buffer.alloc(Math.min(stats.size, maxBytes) + 1)
    let length = 0
    while (length <= maxBytes) {
      if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length, maxBytes + 1))
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
      if (bytesRead === 0) return decode(bytes.subarray(0, length))
      length += bytesRead
    }
    throw new Error(`the file is longer than ${maxBytes} bytes`)
  } finally {
    await file.close()
  }
}

/** Node's message repeats the path, which the caller names already. */
function fail(error: NodeJS.ErrnoException): never {
  throw new Error(`the file cannot be opened: ${error.code ?? 'unknown cause'}`)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error(
      'the file is not text in UTF-8; convert a certificate in DER with openssl x509 -inform der -in FILE -out ca.pem',
    )
  }
}
