terraform {
  required_version = ">= 1.5"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.22"
    }
  }
}

# The provider reads the API token from CLOUDFLARE_API_TOKEN. README.md lists its permissions.
provider "cloudflare" {}
