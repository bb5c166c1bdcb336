# The team's name is the first label of its domain, such as acme of acme.cloudflareaccess.com.
data "cloudflare_zero_trust_organization" "team" {
  account_id = var.account_id
}

# The CA whose clients Cloudflare verifies for this hostname.
resource "cloudflare_zero_trust_access_mtls_certificate" "clients" {
  account_id           = var.account_id
  name                 = "Clients of ${var.hostname}"
  certificate          = file(var.client_ca_file)
  associated_hostnames = [var.hostname]
}

# Off: Cloudflare would add certificate headers of its own, and the origin refuses headers that no Worker has signed.
resource "cloudflare_zero_trust_access_mtls_hostname_settings" "clients" {
  account_id = var.account_id

  settings = [{
    hostname                      = var.hostname
    client_certificate_forwarding = false
    china_network                 = false
  }]

  depends_on = [cloudflare_zero_trust_access_mtls_certificate.clients]
}

# Service Auth: a verified certificate admits a program, without a login.
resource "cloudflare_zero_trust_access_policy" "certificate" {
  account_id = var.account_id
  name       = "A certificate for ${var.hostname}"
  decision   = "non_identity"
  include    = [{ certificate = {} }]
}

resource "cloudflare_zero_trust_access_application" "origin" {
  account_id                = var.account_id
  name                      = var.hostname
  type                      = "self_hosted"
  domain                    = var.hostname
  destinations              = [{ type = "public", uri = var.hostname }]
  policies                  = [{ id = cloudflare_zero_trust_access_policy.certificate.id, precedence = 1 }]
  app_launcher_visible      = false
  service_auth_401_redirect = true
  options_preflight_bypass  = var.preflights
}
