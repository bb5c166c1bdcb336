/** The documented schema of a resource or data source, as far as the example uses it. */
export interface Documented {
  /** Its page in the provider's documentation, below {@link PROVIDER_DOCS}. */
  readonly page: string
  readonly required: readonly string[]
  /** The documented arguments, a value for each: its nested schema, its accepted values, or `true`. */
  readonly arguments: ArgumentsOf
  /** The attributes that other resources and outputs may read. */
  readonly readable: readonly string[]
}

/** Documented arguments by name. */
export interface ArgumentsOf {
  readonly [name: string]: true | readonly string[] | ArgumentsOf
}

/** The version of the provider whose documentation is the source of {@link PROVIDER}. */
export const PROVIDER_VERSION = '5.22.0'

/** The address of that documentation. */
export const PROVIDER_DOCS = `https://registry.terraform.io/providers/cloudflare/cloudflare/${PROVIDER_VERSION}/docs`

const RULES: ArgumentsOf = { certificate: {}, common_name: { common_name: true }, everyone: {} }

/**
 * The provider cannot be fetched where the tests run. These are facts of its documentation, copied by hand: names,
 * requirements and accepted values.
 */
export const PROVIDER: Readonly<Record<string, Documented>> = {
  'data.cloudflare_zero_trust_organization': {
    page: 'data-sources/zero_trust_organization',
    required: [],
    arguments: { account_id: true, zone_id: true },
    readable: ['auth_domain', 'name'],
  },
  cloudflare_zero_trust_access_mtls_certificate: {
    page: 'resources/zero_trust_access_mtls_certificate',
    required: ['certificate', 'name'],
    arguments: { account_id: true, associated_hostnames: true, certificate: true, name: true, zone_id: true },
    readable: ['id', 'fingerprint', 'expires_on'],
  },
  cloudflare_zero_trust_access_mtls_hostname_settings: {
    page: 'resources/zero_trust_access_mtls_hostname_settings',
    required: ['settings'],
    arguments: {
      account_id: true,
      settings: { china_network: true, client_certificate_forwarding: true, hostname: true },
      zone_id: true,
    },
    readable: [],
  },
  cloudflare_zero_trust_access_policy: {
    page: 'resources/zero_trust_access_policy',
    required: ['decision', 'name'],
    arguments: {
      account_id: true,
      decision: ['allow', 'deny', 'non_identity', 'bypass'],
      exclude: RULES,
      include: RULES,
      name: true,
      require: RULES,
      session_duration: true,
    },
    readable: ['id'],
  },
  cloudflare_zero_trust_access_application: {
    page: 'resources/zero_trust_access_application',
    required: [],
    arguments: {
      account_id: true,
      app_launcher_visible: true,
      destinations: { type: ['public', 'private'], uri: true },
      domain: true,
      name: true,
      options_preflight_bypass: true,
      policies: { id: true, precedence: true },
      service_auth_401_redirect: true,
      session_duration: true,
      type: true,
      zone_id: true,
    },
    readable: ['aud', 'id'],
  },
  cloudflare_worker: {
    page: 'resources/worker',
    required: ['name'],
    arguments: {
      account_id: true,
      logpush: true,
      name: true,
      observability: { enabled: true, head_sampling_rate: true },
      subdomain: { enabled: true, previews_enabled: true },
      tags: true,
    },
    readable: ['id', 'name'],
  },
  cloudflare_worker_version: {
    page: 'resources/worker_version',
    required: ['account_id', 'worker_id'],
    arguments: {
      account_id: true,
      annotations: { workers_message: true, workers_tag: true },
      bindings: {
        name: true,
        text: true,
        type: ['plain_text', 'secret_text', 'service', 'vpc_service', 'mtls_certificate'],
      },
      compatibility_date: true,
      compatibility_flags: true,
      main_module: true,
      modules: { content_base64: true, content_file: true, content_type: true, name: true },
      worker_id: true,
    },
    readable: ['id', 'number'],
  },
  cloudflare_workers_deployment: {
    page: 'resources/workers_deployment',
    required: ['script_name', 'strategy', 'versions'],
    arguments: {
      account_id: true,
      script_name: true,
      strategy: ['percentage'],
      versions: { percentage: true, version_id: true },
    },
    readable: ['id'],
  },
  cloudflare_workers_route: {
    page: 'resources/workers_route',
    required: ['pattern'],
    arguments: { pattern: true, script: true, zone_id: true },
    readable: ['id'],
  },
  cloudflare_ruleset: {
    page: 'resources/ruleset',
    required: ['kind', 'name', 'phase'],
    arguments: {
      account_id: true,
      description: true,
      kind: ['managed', 'custom', 'root', 'zone'],
      name: true,
      phase: ['http_request_cache_settings', 'http_request_firewall_custom'],
      rules: {
        action: ['block', 'set_cache_settings'],
        action_parameters: { cache: true },
        description: true,
        enabled: true,
        expression: true,
        ref: true,
      },
      zone_id: true,
    },
    readable: ['id'],
  },
}
