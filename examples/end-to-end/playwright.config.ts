import { defineConfig } from '@playwright/test'
import { edgeUrl, ports } from './local-edge.ts'

const chromium = process.env['CHROMIUM']
const server = `http://127.0.0.1:${ports.server}`

export default defineConfig({
  use: {
    baseURL: edgeUrl,
    // The edge has a CA of its own, which is new with each folder `.countersign`.
    ignoreHTTPSErrors: true,
    // Without the variable, the browser of `npx playwright install chromium`.
    launchOptions: chromium ? { executablePath: chromium } : {},
  },
  webServer: [
    {
      command: `countersign dev --origin ${server} --port ${ports.edge} --access-port ${ports.access}`,
      // The edge answers 502 until the server runs, so a URL to wait for would not help.
      wait: { stdout: /Ctrl\+C ends the edge/ },
      gracefulShutdown: { signal: 'SIGINT', timeout: 2000 },
    },
    {
      command: 'node --env-file=.countersign/origin.env server.ts',
      env: { PORT: String(ports.server) },
      url: `${server}/healthz`,
    },
  ],
})
