import { createServer } from 'node:net'

/**
 * A port on which no server listens. It is below the ports that the system gives to others (port 0, connections), so that
 * none of them takes it before its own server starts.
 */
export function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  return new Promise((resolve) => {
    const probe = createServer()
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(port)))
      .on('error', () => resolve(freePort()))
  })
}

/** Starts something on a port that nobody listens on, again when somebody took it in between. */
export async function onFreePort<Started>(start: (port: number) => Promise<Started>): Promise<Started> {
  for (;;) {
    try {
      return await start(await freePort())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
