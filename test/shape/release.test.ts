import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { unreleasedChanges } from '../release/drop-unreleased-changes.ts'
import { TRIALS } from '../release/fresh-projects/trials.ts'
import { formatFigures, staleFigures } from '../release/package-figures.ts'
import { readWorkflow, repositoryFields } from '../release/release-manifest.ts'
import { filesMatching, readText, tableRows } from '../support/files.ts'
import { npmName, PUBLISHED } from '../support/pack-packages.ts'

const workspace = parse(readText('pnpm-workspace.yaml'))
const manifestOf = (name: string) => JSON.parse(readText(`packages/${name}/package.json`))
const templates = filesMatching('.github/ISSUE_TEMPLATE/*.yml').filter((path) => !path.endsWith('config.yml'))

describe('the manifest', () => {
  it.each(PUBLISHED)('of %s can be published by the workflow alone, with its changelog', (name) => {
    const { publishConfig, files, license, version } = manifestOf(name)
    expect(publishConfig).toMatchObject({ access: 'public', provenance: true })
    expect(files).toContain('CHANGELOG.md')
    expect(license).toBe('Apache-2.0')
    expect(version).toBe(manifestOf('wire').version)
  })

  it('of every other package cannot be published', () => {
    const others = filesMatching(
      '{package.json,{packages,examples}/*/package.json,test/package.json,bench/package.json}',
    )
    const names = PUBLISHED.map((name) => `packages/${name}/package.json`).toSorted()
    const open = others.filter((path) => JSON.parse(readText(path)).private !== true)
    expect(open.toSorted()).toEqual(names)
  })
})

describe('the changesets', () => {
  const bumps = filesMatching('.changeset/*.md').flatMap(
    (path) => readText(path).match(/^['"]?@countersign\/.*$/gm) ?? [],
  )

  it('raise all packages together', () => {
    const { fixed, access } = JSON.parse(readText('.changeset/config.json'))
    expect(fixed.map((group: string[]) => group.toSorted())).toEqual([PUBLISHED.map(npmName).toSorted()])
    expect(access).toBe('public')
  })

  it('make 0.1.0 of 0.0.0: none is major before 1.0.0, and before the first release one is minor', () => {
    const { version } = manifestOf('wire')
    if (version.startsWith('0.')) expect(bumps.filter((line) => /: major$/.test(line))).toEqual([])
    if (version === '0.0.0') expect(bumps.filter((line) => /: minor$/.test(line)).length).toBeGreaterThan(0)
  })
})

describe('unreleasedChanges', () => {
  const paths = ['.changeset/first-release.md', '.changeset/certificate-body.md', '.changeset/not-first-release.md']

  it('leaves only the introduction to the changelog of the first release', () => {
    expect(unreleasedChanges('0.0.0', paths)).toEqual(paths.slice(1))
  })

  it.each(['0.1.0', '0.0.1', '1.0.0'])('leaves every changeset to the release after %s', (version) => {
    expect(unreleasedChanges(version, paths)).toEqual([])
  })

  it.runIf(manifestOf('wire').version === '0.0.0')('leaves an introduction of every published package', () => {
    const [header = '', body] = readText('.changeset/first-release.md').split('\n---\n')
    expect(parse(header)).toEqual(Object.fromEntries(PUBLISHED.map((name) => [npmName(name), 'minor'])))
    for (const name of PUBLISHED) expect(body).toContain(`\`${npmName(name)}\``)
  })
})

describe('readWorkflow', () => {
  const env = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'acme/app', GITHUB_REF_NAME: 'v0.1.0' }
  const versions = PUBLISHED.map(() => '0.1.0')

  it('reads the repository and the tag', () => {
    expect(readWorkflow(env, versions)).toEqual({ repository: 'https://git.example/acme/app', tag: 'v0.1.0' })
  })

  it.each(Object.keys(env))('refuses to pack without %s', (name) => {
    expect(() => readWorkflow({ ...env, [name]: undefined }, versions)).toThrow(`${name}`)
    expect(() => readWorkflow({ ...env, [name]: '' }, versions)).toThrow('is missing; push a tag')
  })

  it.each([
    ['another version', versions, 'v0.1.1'],
    ['a version without v', versions, '0.1.0'],
    ['a branch', versions, 'main'],
    ['a package of another version', versions.with(-1, '0.0.0'), 'v0.1.0'],
    ['a package that is missing', versions.slice(1), 'v0.1.0'],
  ])('refuses to pack for the tag of %s', (_case, all, tag) => {
    expect(() => readWorkflow({ ...env, GITHUB_REF_NAME: tag }, all)).toThrow(
      `the tag ${tag} is not the version of every package, ${all.join(', ')}; tag the release commit`,
    )
  })
})

describe('repositoryFields', () => {
  it('names the folder of the package, at the tag of the release', () => {
    expect(repositoryFields('https://git.example/acme/app', 'v0.1.0', 'wire')).toEqual({
      repository: { type: 'git', url: 'git+https://git.example/acme/app.git', directory: 'packages/wire' },
      homepage: 'https://git.example/acme/app/tree/v0.1.0/packages/wire#readme',
      bugs: { url: 'https://git.example/acme/app/issues' },
    })
  })
})

describe('staleFigures', () => {
  const figures = { name: '@countersign/wire', packed: 100_400, unpacked: 200_000, direct: 0, all: 0 }
  const table = formatFigures([figures])

  it('accepts the measured table, and sizes within a tenth', () => {
    expect(table).toContain('| `@countersign/wire` | 100 | 200 | 0 | 0 | no finding | no problem |\n')
    expect(staleFigures(`text\n\n${table}\ntext`, table)).toEqual([])
    expect(staleFigures(table, formatFigures([{ ...figures, packed: 111_000, unpacked: 182_000 }]))).toEqual([])
  })

  it('finds a size beyond a tenth, another number of libraries, and a missing package', () => {
    const cells = (changed: object) => staleFigures(table, formatFigures([{ ...figures, ...changed }]))
    expect(cells({ packed: 112_000 })).toEqual(['`@countersign/wire`, tarball, kB: 100, measured 112'])
    expect(cells({ unpacked: 181_000 })).toEqual(['`@countersign/wire`, files, kB: 200, measured 181'])
    expect(cells({ direct: 1 })).toEqual(['`@countersign/wire`, direct libraries: 0, measured 1'])
    expect(cells({ all: 1 })).toEqual(['`@countersign/wire`, all libraries: 0, measured 1'])
    expect(cells({ name: '@countersign/new' })).toHaveLength(7)
  })

  it('has a row in the document for each published package, to which the README leads', () => {
    const [figures = ''] = readText('docs/packages.md').split('## Tried set-ups')
    expect(tableRows(figures).map(([name]) => name)).toEqual(PUBLISHED.map((name) => `\`${npmName(name)}\``))
    for (const path of ['README.md', 'SECURITY.md']) expect(readText(path)).toContain('(docs/packages.md)')
  })
})

describe('the set-ups of fresh projects', () => {
  it('are those of the document, and a step of .ci/run tries them', () => {
    const [, setUps = ''] = readText('docs/packages.md').split('## Tried set-ups')
    const names = TRIALS.map(({ name }) => name)
    expect(
      tableRows(setUps)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(names.toSorted())
    expect(readText('.ci/run')).toMatch(/^step .*pnpm release:fresh-projects$/m)
  })

  it('have steps with names of their own', () => {
    for (const { name, steps } of TRIALS) {
      expect(new Set(steps.map((step) => step.name)).size, name).toBe(steps.length)
    }
  })
})

describe('the updates of dependencies', () => {
  const { version, updates } = parse(readText('.github/dependabot.yml'))

  it('wait as long as an installation of the workspace, and come in groups', () => {
    expect(version).toBe(2)
    expect(updates.map((update: Record<string, unknown>) => update['package-ecosystem'])).toEqual([
      'npm',
      'github-actions',
    ])
    for (const { cooldown, groups, directory, schedule } of updates) {
      expect(cooldown).toEqual({ 'default-days': workspace.minimumReleaseAge / (24 * 60) })
      expect(Object.keys(groups).length).toBeGreaterThan(0)
      expect([directory, schedule]).toEqual(['/', { interval: 'weekly' }])
    }
  })

  it('move the runtime of Workers as one, in a group before the one of the rest', () => {
    const [{ groups }] = updates
    const { cloudflare } = groups
    const matches = (name: string) =>
      cloudflare.patterns.some((pattern: string) =>
        pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
      )
    const runtime = Object.keys(workspace.catalog).filter((name) =>
      /^(?:workerd|miniflare|wrangler|@cloudflare\/.*)$/.test(name),
    )
    expect(runtime.length).toBe(4)
    expect(runtime.filter((name) => !matches(name))).toEqual([])
    expect(Object.keys(groups).at(-1)).toBe('others')
  })
})

describe('the templates', () => {
  it('of issues send vulnerabilities to the private way, and ask for a code and a test', () => {
    expect(parse(readText('.github/ISSUE_TEMPLATE/config.yml'))).toEqual({ blank_issues_enabled: false })
    expect(templates).toEqual(['.github/ISSUE_TEMPLATE/bug.yml', '.github/ISSUE_TEMPLATE/idea.yml'])
    const bug = readText('.github/ISSUE_TEMPLATE/bug.yml')
    for (const text of ['SECURITY.md', 'CSN_', '@countersign/dev-edge/testing', 'countersign doctor'])
      expect(bug).toContain(text)
    expect(readText('SECURITY.md')).toContain('"Report a vulnerability"')
  })

  it.each(templates)('%s has the form that GitHub reads', (path) => {
    const { name, description, body } = parse(readText(path))
    expect([typeof name, typeof description]).toEqual(['string', 'string'])
    const fields = body.filter(({ type }: { type: string }) => type !== 'markdown')
    expect(fields.some(({ validations }: { validations?: { required: boolean } }) => validations?.required)).toBe(true)
    const ids = fields.map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { type, attributes } of body) {
      expect(['markdown', 'textarea', 'input']).toContain(type)
      expect(typeof (type === 'markdown' ? attributes.value : attributes.label)).toBe('string')
    }
  })

  it('of pull requests names files and commands that exist', () => {
    const text = readText('.github/pull_request_template.md')
    for (const path of ['CONTRIBUTING.md', 'SECURITY.md', 'ARCHITECTURE.md', '.ci/run']) {
      expect(text).toContain(path)
      expect(readText(path).length).toBeGreaterThan(0)
    }
  })
})
