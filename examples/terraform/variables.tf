variable "account_id" {
  description = "The Cloudflare account of the Worker and of Access."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id must be the 32 hexadecimal digits of the account."
  }
}

variable "zone_id" {
  description = "The zone of the hostname."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.zone_id))
    error_message = "zone_id must be the 32 hexadecimal digits of the zone."
  }
}

variable "hostname" {
  description = "The hostname of the origin, such as app.example.com. Access and the Worker cover each of its paths."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.hostname))
    error_message = "hostname must be a name in lower case such as app.example.com, without scheme, port, path or pattern."
  }
}

variable "client_ca_file" {
  description = "The path of a PEM file with the CA that issues the clients' certificates. The origin gets the same file."
  type        = string

  validation {
    condition     = try(startswith(trimspace(file(var.client_ca_file)), "-----BEGIN CERTIFICATE-----"), false)
    error_message = "client_ca_file must be the path of a PEM file that begins with a certificate."
  }

  validation {
    condition     = !try(strcontains(file(var.client_ca_file), "PRIVATE KEY"), false)
    error_message = "client_ca_file must not contain a private key; Cloudflare needs the certificate alone."
  }
}

# worker.tf checks it: a failed validation of a variable prints the value, even of a sensitive one.
variable "worker_key" {
  description = "The private JWK of the Worker, on one line, as countersign keygen prints it. Terraform stores it in its state."
  type        = string
  sensitive   = true
}

variable "worker_name" {
  description = "The name of the Worker."
  type        = string
  default     = "countersign"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.worker_name))
    error_message = "worker_name must have letters in lower case, digits and hyphens, and 63 characters at most."
  }
}

variable "worker_bundle" {
  description = "The path of the Worker's bundle. The default is the output of deploy:dry-run in this checkout."
  type        = string
  default     = null
}

variable "forward_cert" {
  description = "The certificates that the Worker forwards whole: leaf, chain or none."
  type        = string
  default     = "leaf"

  validation {
    condition     = contains(["leaf", "chain", "none"], var.forward_cert)
    error_message = "forward_cert must be leaf, chain or none."
  }
}

variable "preflights" {
  description = "Whether Access lets OPTIONS requests through to the origin, for browsers that call it from another site."
  type        = bool
  default     = false
}

variable "cache_rule" {
  description = "Whether to keep the hostname out of the zone's cache by a rule too. A zone has one list of cache rules: use false if it has rules already."
  type        = bool
  default     = true
}
