# The rest of the addresses, behind `postgres://role:password@`. app_url and system_url are pooled.
# owner_url is direct: migrations hold a session lock, and the pooler hands a connection on after
# each transaction.

locals {
  # Neon's pooler is the same endpoint with a suffix on the first label of its name.
  staging_labels = split(".", neon_endpoint.staging.host)
  staging_pooled = join(".", concat(
    ["${local.staging_labels[0]}-pooler"],
    slice(local.staging_labels, 1, length(local.staging_labels)),
  ))
}

output "prod" {
  value = {
    pooled = "${neon_project.takings.database_host_pooler}/takings?sslmode=require"
    direct = "${neon_project.takings.database_host}/takings?sslmode=require"
  }
}

output "staging" {
  value = {
    pooled = "${local.staging_pooled}/takings?sslmode=require"
    direct = "${neon_endpoint.staging.host}/takings?sslmode=require"
  }
}

output "owner_url" {
  description = "The owner on the direct address of production, for migrate and keeper."
  value       = neon_project.takings.connection_uri
  sensitive   = true
}
