output "access_team" {
  description = "The origin's access.team."
  value       = split(".", data.cloudflare_zero_trust_organization.team.auth_domain)[0]
}

output "access_audience" {
  description = "The origin's access.audience: the AUD tag of the application."
  value       = cloudflare_zero_trust_access_application.origin.aud
}

output "origin_environment" {
  description = "The origin's environment, for node --env-file. Add COUNTERSIGN_KEYS of countersign keygen, and CLIENT_CA."
  value       = <<-EOT
    ACCESS_TEAM=${split(".", data.cloudflare_zero_trust_organization.team.auth_domain)[0]}
    ACCESS_AUDIENCE=${cloudflare_zero_trust_access_application.origin.aud}
    COUNTERSIGN_HOSTS=${var.hostname}
  EOT
}
