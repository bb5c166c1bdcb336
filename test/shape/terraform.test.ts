import { parse as parseJsonc } from 'jsonc-parser'
import { beforeAll, describe, expect, it } from 'vitest'
import { filesMatching, readText, tableRows } from '../support/files.ts'
import {
  formatTerraform,
  namesAfter,
  parseModule,
  type Resource,
  resourceReferences,
  type TerraformModule,
  undocumented,
} from './terraform.ts'
import { PROVIDER, PROVIDER_DOCS, PROVIDER_VERSION } from './terraform-provider.ts'

const FOLDER = 'examples/terraform'
const FILES = Object.fromEntries(filesMatching(`${FOLDER}/*.tf`).map((path) => [path, readText(path)]))

describe('examples/terraform', () => {
  let module: TerraformModule
  beforeAll(async () => {
    module = await parseModule(FILES)
  })

  const resource = (type: string): Resource => {
    const [found, ...others] = module.resources.filter((each) => each.type === type)
    expect(others).toEqual([])
    return found as Resource
  }
  const everything = () => [module.outputs, module.locals].flatMap((of) => [...of.values()]).concat(module.resources)

  it('has the files and resources of every step', () => {
    expect(Object.keys(FILES).length).toBe(6)
    expect(module.resources.map(({ type }) => type).toSorted()).toEqual(Object.keys(PROVIDER).toSorted())
  })

  it.each(Object.entries(FILES))('%s has the canonical format', async (_, text) => {
    expect(await formatTerraform(text)).toBe(text)
  })

  it('uses documented arguments, and all that are required', () => {
    expect(module.resources.flatMap((each) => undocumented(each, PROVIDER[each.type]))).toEqual([])
  })

  it('reads documented attributes of resources that exist', () => {
    const declared = new Set(module.resources.map(({ type, name }) => `${type}.${name}`))
    const references = resourceReferences(everything())
    expect(references.length).toBeGreaterThan(8)
    for (const { type, name, attribute } of references) {
      expect(declared, `${type}.${name}`).toContain(`${type}.${name}`)
      if (attribute !== undefined) expect(PROVIDER[type]?.readable, `${type}.${name}`).toContain(attribute)
    }
  })

  it('declares each variable that it uses, and uses each that it declares', () => {
    const used = namesAfter('var', everything())
    expect([...new Set(used)].toSorted()).toEqual([...module.variables.keys()].toSorted())
    expect([...new Set(namesAfter('local', everything()))]).toEqual([...module.locals.keys()])
  })

  it('describes each variable, with its type, and each output', () => {
    for (const [name, { description, type }] of module.variables) {
      expect(`${description}`.length, name).toBeGreaterThan(15)
      expect(type, name).toMatch(/^\$\{(?:string|bool)\}$/)
    }
    for (const [name, { description }] of module.outputs) expect(`${description}`.length, name).toBeGreaterThan(15)
  })

  it('has a row in the README for each variable and output', () => {
    const rows = tableRows(readText(`${FOLDER}/README.md`)).map(([name]) => name?.replaceAll('`', ''))
    const names = [...module.variables.keys(), ...module.outputs.keys()]
    expect(rows).toEqual(expect.arrayContaining(names))
  })

  it('needs the version of the provider that the documentation is of', () => {
    const providers = module.settings.flatMap(({ required_providers }) => required_providers as unknown[])
    const version = PROVIDER_VERSION.split('.').slice(0, 2).join('.')
    expect(providers).toEqual([{ cloudflare: { source: 'cloudflare/cloudflare', version: `~> ${version}` } }])
    expect(readText(`${FOLDER}/README.md`)).toContain(PROVIDER_DOCS)
  })

  it('keeps the key out of plans, outputs and errors', () => {
    const key = module.variables.get('worker_key')
    expect(key).toMatchObject({ sensitive: true })
    // A failed validation of a variable prints the value. A failed precondition of a resource does not.
    expect(key).not.toHaveProperty('validation')
    expect(namesAfter('var', [...module.outputs.values()])).not.toContain('worker_key')
    const { bindings } = resource('cloudflare_worker_version').body as { bindings: Record<string, string>[] }
    const secrets = bindings.filter(({ text }) => namesAfter('var', text).includes('worker_key'))
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of Terraform
    expect(secrets).toEqual([{ name: 'COUNTERSIGN_KEY', type: 'secret_text', text: '${var.worker_key}' }])
  })

  it('deploys the Worker of packages/worker/wrangler.jsonc, with the same bindings and date', () => {
    const wrangler = parseJsonc(readText('packages/worker/wrangler.jsonc'))
    const version = resource('cloudflare_worker_version').body as {
      bindings: Record<string, string>[]
      main_module: string
    }
    expect(version).toMatchObject({ compatibility_date: wrangler.compatibility_date })
    const names = version.bindings.filter(({ type }) => type === 'plain_text').map(({ name }) => name)
    expect(names).toEqual(Object.keys(wrangler.vars))
    const { scripts } = JSON.parse(readText('packages/worker/package.json'))
    const folder = /--outdir (\S+)/.exec(scripts['deploy:dry-run'])?.[1]
    expect(module.locals.get('worker_bundle')).toContain(`/../../packages/worker/${folder}/${version.main_module}"`)
    expect(resource('cloudflare_worker').body).toMatchObject({
      subdomain: { enabled: wrangler.workers_dev, previews_enabled: wrangler.preview_urls },
    })
    expect(wrangler).toMatchObject({ workers_dev: false, preview_urls: false })
  })

  it('puts Access and mTLS on the hostname before the Worker is on the route', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of Terraform
    const hostname = '${var.hostname}'
    expect(resource('cloudflare_zero_trust_access_application').body).toMatchObject({
      destinations: [{ type: 'public', uri: hostname }],
    })
    expect(resource('cloudflare_zero_trust_access_mtls_certificate').body).toMatchObject({
      associated_hostnames: [hostname],
    })
    const route = resource('cloudflare_workers_route').body
    expect(route).toMatchObject({ pattern: `${hostname}/*` })
    expect(resourceReferences(route['depends_on']).map(({ type }) => type)).toEqual([
      'cloudflare_workers_deployment',
      'cloudflare_zero_trust_access_application',
      'cloudflare_zero_trust_access_mtls_hostname_settings',
    ])
  })
})

describe('undocumented', () => {
  const check = async (text: string) => {
    const { resources } = await parseModule({ 'main.tf': text })
    return resources.flatMap((each) => undocumented(each, PROVIDER[each.type]))
  }

  it('finds an unknown type, an unknown argument, a missing one and a wrong value', async () => {
    expect(await check('resource "cloudflare_workers_secret" "a" {}')).toEqual([
      'cloudflare_workers_secret.a is of an unknown type',
    ])
    expect(await check('resource "cloudflare_worker" "a" {\n  subdomain = { enable = false }\n}')).toEqual([
      'cloudflare_worker.a.name is missing',
      'cloudflare_worker.a.subdomain.enable is not documented',
    ])
    const policy = 'resource "cloudflare_zero_trust_access_policy" "a" {\n  name = "a"\n  decision = "service_auth"\n}'
    expect(await check(policy)).toEqual(['cloudflare_zero_trust_access_policy.a.decision must not be service_auth'])
  })

  it('refuses text that does not parse', async () => {
    await expect(check('resource "cloudflare_worker" "a" {')).rejects.toThrow('main.tf:1')
  })
})
