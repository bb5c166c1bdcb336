import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { filesMatching, readText } from '../support/files.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
}

const workflow = parse(readText('.github/workflows/ci.yml'))
const job = workflow.jobs.ci
const steps: readonly Step[] = job.steps

/** The folders into which the browser tests write their pictures, as their sources name them. */
function screenshotFolders(): string[] {
  return filesMatching('test/browser/*.ts').flatMap((path) => {
    const text = readText(path)
    const folders = new Map(
      [...text.matchAll(/const (\w+) = join\(import\.meta\.dirname, '([^']+)'\)/g)].map(([, name, folder]) => [
        name,
        join(dirname(path), String(folder)),
      ]),
    )
    return [...text.matchAll(/\.screenshot\(\{ path: (?:join\((\w+),)?/g)].map(
      ([, name]) => folders.get(name) ?? `${path}: a picture outside of a named folder`,
    )
  })
}

describe('the workflow', () => {
  it('checks the code by .ci/run alone, which runs the tests in a browser', () => {
    expect(Object.keys(workflow.jobs)).toEqual(['ci'])
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['bash .ci/run'])
    expect(readText('.ci/run')).toMatch(/^step .*pnpm test:browser$/m)
  })

  it('keeps the pictures of the browser tests, also of a run that failed', () => {
    const uploads = steps.filter(({ uses }) => uses?.startsWith('actions/upload-artifact@'))
    expect(uploads).toMatchObject([{ if: 'always()', with: { name: 'screenshots' } }])
    const folders = screenshotFolders()
    expect(folders.length).toBeGreaterThan(2)
    expect([...new Set(folders)]).toEqual([uploads[0]?.with?.['path']])
    expect(readText('.gitignore').split('\n')).toContain(`${uploads[0]?.with?.['path']}/`)
  })

  it('runs in an image with the Node of the workspace, an hour at most, and can write nothing', () => {
    const { nodeVersion } = parse(readText('pnpm-workspace.yaml'))
    expect(job.container).toBe(`node:${nodeVersion}-bookworm`)
    expect(job['timeout-minutes']).toBe(60)
    expect([workflow.permissions, job.permissions]).toEqual([{ contents: 'read' }, undefined])
  })

  it('takes each action at a commit, and the whole history', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? [])
    for (const action of actions) expect(action).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/)
    expect(steps[0]).toMatchObject({ with: { 'fetch-depth': 0, 'persist-credentials': false } })
  })
})
