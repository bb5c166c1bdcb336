import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { filesMatching, readText } from '../support/files.ts'
import { specifiersOf } from './import-graph.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly uses?: string
  readonly needs?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly environment?: string
  readonly container?: string
  readonly steps?: readonly Step[]
  readonly 'timeout-minutes'?: number
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const readWorkflow = (name: string): Workflow => parse(readText(`.github/workflows/${name}.yml`))
const workflow = readWorkflow('ci')
const release = readWorkflow('release')
const job = workflow.jobs['ci'] as Job
const steps = job.steps ?? []
const { nodeVersion } = parse(readText('pnpm-workspace.yaml'))

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

describe('the workflow ci', () => {
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
    expect(job.container).toBe(`node:${nodeVersion}-bookworm`)
    expect(job['timeout-minutes']).toBe(60)
    expect([workflow.permissions, job.permissions]).toEqual([{ contents: 'read' }, undefined])
  })

  it('takes the whole history', () => {
    expect(steps[0]).toMatchObject({ with: { 'fetch-depth': 0 } })
  })
})

describe('the workflow release', () => {
  it('starts with a tag of a version, and checks the code before all else', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } })
    expect(Object.keys(release.jobs)).toEqual(['ci', 'pack', 'publish'])
    expect(release.jobs['ci']).toEqual({ permissions: { contents: 'read' }, uses: './.github/workflows/ci.yml' })
    expect(Object.keys(workflow.on)).toContain('workflow_call')
    expect([release.jobs['pack']?.needs, release.jobs['publish']?.needs]).toEqual(['ci', 'pack'])
  })

  it('gives the identity of the workflow to one job, which runs no code of a library', () => {
    const read = { contents: 'read' }
    expect([release.permissions, ...Object.values(release.jobs).map(({ permissions }) => permissions)]).toEqual([
      {},
      read,
      read,
      { ...read, 'id-token': 'write' },
    ])
    const { steps = [], environment } = release.jobs['publish'] as Job
    expect(environment).toBe('npm')
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['node test/release/publish-tarballs.ts tarballs'])
    const imports = specifiersOf(readText('test/release/publish-tarballs.ts'))
    expect(imports.length).toBeGreaterThan(3)
    expect(imports.filter((specifier) => !specifier.startsWith('node:'))).toEqual([])
  })

  it('has the secret of npm in that job alone', () => {
    const secrets = filesMatching('.github/workflows/*.yml').flatMap(
      (path) => readText(path).match(/secrets\.\w+/g) ?? [],
    )
    expect(secrets).toEqual(['secrets.NPM_TOKEN'])
    expect(release.jobs['publish']?.steps?.at(-1)).toMatchObject({ env: { NPM_TOKEN: expect.any(String) } })
  })

  it('publishes the tarballs that it packed, by the commands of the dry run', () => {
    const { steps = [] } = release.jobs['pack'] as Job
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual([
      'npx --yes pnpm@12 install --frozen-lockfile',
      'npx --yes pnpm@12 release:pack tarballs',
    ])
    const tarballs = { name: 'tarballs', path: 'tarballs' }
    expect(steps.at(-1)).toMatchObject({ with: { ...tarballs, 'if-no-files-found': 'error' } })
    expect(release.jobs['publish']?.steps?.[1]).toMatchObject({ with: tarballs })
    const { scripts } = JSON.parse(readText('package.json'))
    expect(scripts['release:pack']).toBe('node test/release/pack-release.ts')
    expect(readText('test/release/dry-run.ts')).toContain("['release:pack', tarballs]")
    expect(readText('.ci/run')).toMatch(/^step .*pnpm release:dry-run$/m)
  })
})

describe.each(filesMatching('.github/workflows/*.yml'))('%s', (path) => {
  const { jobs } = parse(readText(path)) as Workflow
  const all = Object.values(jobs).flatMap(({ steps = [] }) => steps)

  it('takes each action at a commit, with the version beside it, and leaves no credential in the checkout', () => {
    for (const line of readText(path).match(/uses: .*/g) ?? []) {
      expect(line).toMatch(/^uses: (?:actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/ci\.yml)$/)
    }
    for (const step of all.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step).toMatchObject({ with: { 'persist-credentials': false } })
    }
  })

  it('runs in the image of the workspace, for a limited time, and puts no expression into a shell', () => {
    for (const { uses, container, 'timeout-minutes': minutes } of Object.values(jobs)) {
      if (uses) continue
      expect(container).toBe(`node:${nodeVersion}-bookworm`)
      expect(minutes).toBeLessThanOrEqual(60)
    }
    for (const { run } of all) expect(run ?? '').not.toContain('${{')
  })
})
