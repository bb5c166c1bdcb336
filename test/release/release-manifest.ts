import { PUBLISHED } from '../support/pack-packages.ts'

/** The fields of a manifest that name the repository of the source. */
export interface RepositoryFields {
  readonly repository: { readonly type: 'git'; readonly url: string; readonly directory: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
}

/**
 * The repository in the manifest of a package. npm refuses a provenance of another repository than the manifest's.
 *
 * @param repository - the address of the repository at GitHub, without a slash at its end
 * @param tag - the tag of the release
 */
export function repositoryFields(repository: string, tag: string, name: (typeof PUBLISHED)[number]): RepositoryFields {
  const directory = `packages/${name}`
  return {
    repository: { type: 'git', url: `git+${repository}.git`, directory },
    homepage: `${repository}/tree/${tag}/${directory}#readme`,
    bugs: { url: `${repository}/issues` },
  }
}

/** The variables of a workflow of GitHub that name the release. */
export interface WorkflowVariables {
  readonly repository: string
  readonly tag: string
}

/**
 * Reads the variables of the workflow.
 *
 * @throws Error if a variable is missing, or if the tag is not the version of every package
 */
export function readWorkflow(env: NodeJS.ProcessEnv, versions: readonly string[]): WorkflowVariables {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: path, GITHUB_REF_NAME: tag } = env
  if (!server || !path || !tag) {
    throw new Error(
      'GITHUB_SERVER_URL, GITHUB_REPOSITORY or GITHUB_REF_NAME is missing; push a tag, see CONTRIBUTING.md',
    )
  }
  const other = versions.filter((version) => tag !== `v${version}`)
  if (versions.length !== PUBLISHED.length || other.length > 0) {
    throw new Error(
      `the tag ${tag} is not the version of every package, ${versions.join(', ')}; tag the release commit`,
    )
  }
  return { repository: `${server}/${path}`, tag }
}
