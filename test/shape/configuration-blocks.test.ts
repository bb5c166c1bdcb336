import { describe, expect, it } from 'vitest'
import { readText } from '../support/files.ts'
import { configurationBlocks, tunnelFaults, wranglerFaults } from './configuration-blocks.ts'

describe('the configurations of wrangler', () => {
  it('in the documents are valid', () => {
    const blocks = configurationBlocks('jsonc')
    expect(blocks.flatMap(({ place, text }) => wranglerFaults(text).map((fault) => `${place}: ${fault}`))).toEqual([])
  })

  it('of the Worker is valid', () => {
    expect(wranglerFaults(readText('packages/worker/wrangler.jsonc'))).toEqual([])
  })

  it('of the Worker does not send its requests to itself', () => {
    expect(readText('packages/worker/wrangler.jsonc')).not.toContain('global_fetch_strictly_public')
  })
})

describe('wranglerFaults', () => {
  it('finds an unknown setting, a wrong value and text that does not parse', () => {
    expect(wranglerFaults('{ "worker_dev": false }')).toEqual([expect.stringContaining('worker_dev')])
    expect(wranglerFaults('{ "vpc_services": [{ "binding": "ORIGIN" }] }').join()).toContain('service_id')
    expect(wranglerFaults('{ "workers_dev": "no" }').join()).toContain('/workers_dev must be boolean')
    expect(wranglerFaults('{ "name": }')).toEqual(['ValueExpected at 10'])
  })

  it('accepts comments, a trailing comma and a part of a configuration', () => {
    expect(wranglerFaults('{\n  // A comment.\n  "workers_dev": false,\n}')).toEqual([])
  })
})

describe('the configurations of cloudflared', () => {
  it('in the documents carry signed requests', () => {
    // A workflow of GitHub is YAML too.
    const blocks = configurationBlocks('yaml').filter(({ text }) => !/^jobs:$/m.test(text))
    expect(blocks.length).toBeGreaterThan(0)
    expect(blocks.flatMap(({ place, text }) => tunnelFaults(text).map((fault) => `${place}: ${fault}`))).toEqual([])
  })
})

describe('tunnelFaults', () => {
  const rule = (settings: string) =>
    `ingress:\n  - hostname: a.example.com\n    service: http://127.0.0.1:3000\n    originRequest: ${settings}\n  - service: http_status:404\n`

  it.each([
    ['a replaced Host', rule('{ httpHostHeader: localhost }'), ['httpHostHeader replaces the signed Host']],
    [
      'access at the top level',
      `originRequest: { access: { required: true, teamName: acme, audTag: [a] } }\n${rule('{}')}`,
      ['originRequest.access is ignored at the top level'],
    ],
    [
      'an access that is not required',
      rule('{ access: { teamName: acme, audTag: [a] } }'),
      ['access must have required: true, a teamName and a list audTag'],
    ],
    ['an unknown setting', rule('{ httpHost: a }'), ['originRequest.httpHost is unknown']],
    [
      'a last rule for one hostname',
      'ingress:\n  - hostname: a.example.com\n    service: http://127.0.0.1:3000\n',
      ['the last rule must match every request'],
    ],
  ])('finds %s', (_, text, faults) => {
    expect(tunnelFaults(text)).toEqual(faults)
  })
})
