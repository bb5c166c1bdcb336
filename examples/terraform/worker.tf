locals {
  worker_bundle = coalesce(var.worker_bundle, "${path.module}/../../packages/worker/.wrangler/bundle/index.js")
}

# On workers.dev or at a preview URL no Access application stands in front of the Worker, so both are off.
resource "cloudflare_worker" "countersign" {
  account_id    = var.account_id
  name          = var.worker_name
  observability = { enabled = true }

  subdomain = {
    enabled          = false
    previews_enabled = false
  }
}

resource "cloudflare_worker_version" "countersign" {
  account_id         = var.account_id
  worker_id          = cloudflare_worker.countersign.id
  compatibility_date = "2026-07-01"
  main_module        = "index.js"

  modules = [{
    name         = "index.js"
    content_type = "application/javascript+module"
    content_file = local.worker_bundle
  }]

  bindings = [
    { name = "COUNTERSIGN_KEY", type = "secret_text", text = var.worker_key },
    { name = "COUNTERSIGN_FORWARD_CERT", type = "plain_text", text = var.forward_cert },
    { name = "COUNTERSIGN_REQUIRE", type = "plain_text", text = "none" },
    { name = "COUNTERSIGN_NAMES", type = "plain_text", text = "all" },
  ]

  lifecycle {
    precondition {
      condition     = can(regex("^(oct|OKP)$", jsondecode(var.worker_key).kty)) && can(length(jsondecode(var.worker_key).kid))
      error_message = "worker_key must be a JWK with kty oct or OKP and a kid, as countersign keygen prints it."
    }

    precondition {
      condition     = can(length(jsondecode(var.worker_key).k)) || can(length(jsondecode(var.worker_key).d))
      error_message = "worker_key must be the private JWK of the Worker, not the public one of the origin."
    }

    precondition {
      condition     = fileexists(local.worker_bundle)
      error_message = "The Worker's bundle is missing; run pnpm --filter @countersign/worker run deploy:dry-run, or set worker_bundle."
    }
  }
}

resource "cloudflare_workers_deployment" "countersign" {
  account_id  = var.account_id
  script_name = cloudflare_worker.countersign.name
  strategy    = "percentage"
  versions    = [{ version_id = cloudflare_worker_version.countersign.id, percentage = 100 }]
}

# The route comes last: before it, the Worker has its key, and Access and mTLS cover the hostname.
resource "cloudflare_workers_route" "origin" {
  zone_id = var.zone_id
  pattern = "${var.hostname}/*"
  script  = cloudflare_worker.countersign.name

  depends_on = [
    cloudflare_workers_deployment.countersign,
    cloudflare_zero_trust_access_application.origin,
    cloudflare_zero_trust_access_mtls_hostname_settings.clients,
  ]
}
