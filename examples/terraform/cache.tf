# The Worker already goes around the zone's cache. This rule also holds for a Worker of your own that forgets to.
resource "cloudflare_ruleset" "cache" {
  count = var.cache_rule ? 1 : 0

  zone_id = var.zone_id
  name    = "Cache rules"
  kind    = "zone"
  phase   = "http_request_cache_settings"

  rules = [{
    ref               = "countersign_bypass"
    description       = "Answers for one client's certificate are for no other client"
    expression        = "(http.host eq \"${var.hostname}\")"
    action            = "set_cache_settings"
    action_parameters = { cache = false }
  }]
}
