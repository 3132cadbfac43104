# The Postgres of Takings on Neon: one project, a branch for each stage, a pooled and a direct
# address for each branch.
#
#   export NEON_API_KEY=…
#   terraform -chdir=infra/neon init && terraform -chdir=infra/neon apply
#
# Only the owner's role is made here. What Neon's interface creates may bypass row-level security,
# so takings_app and takings_system are made by the first migration, without a login. Afterwards,
# on each branch's direct address as the owner:
#
#   alter role takings_app login password '…';
#   alter role takings_system login password '…';
#
# and write the addresses into the stage's secret (infra/template.yaml lists its keys). Functions
# refuse to start in a role that bypasses.

terraform {
  required_version = ">= 1.5"
  required_providers {
    neon = {
      source  = "kislerdm/neon"
      version = "~> 0.15"
    }
  }
}

variable "region" {
  description = "Where the data lies: the region of the functions, or each query crosses the sea."
  type        = string
  default     = "aws-eu-central-1"
}

variable "postgres_version" {
  description = "15 to 18: what Takings is tested with."
  type        = number
  default     = 17
  validation {
    condition     = var.postgres_version >= 15 && var.postgres_version <= 18
    error_message = "Takings runs on Postgres 15 to 18."
  }
}

variable "history_hours" {
  description = "How far back a branch can be restored."
  type        = number
  default     = 24
}

resource "neon_project" "takings" {
  name                      = "takings"
  region_id                 = var.region
  pg_version                = var.postgres_version
  history_retention_seconds = var.history_hours * 3600
  # Branches of a protected branch get passwords of their own.
  default_branch_protected = true

  branch {
    name          = "prod"
    database_name = "takings"
    role_name     = "takings_owner"
  }

  # Sleeps after five minutes without work, Neon's default: nothing ticks more often than every
  # fifteen.
  default_endpoint_settings {
    autoscaling_limit_min_cu = 0.25
    autoscaling_limit_max_cu = 2
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Starts as a copy of production, data included, so that a migration can be rehearsed on it: who may
# not see production's data may not see this either.
resource "neon_branch" "staging" {
  project_id = neon_project.takings.id
  name       = "staging"
}

resource "neon_endpoint" "staging" {
  project_id               = neon_project.takings.id
  branch_id                = neon_branch.staging.id
  type                     = "read_write"
  autoscaling_limit_min_cu = 0.25
  autoscaling_limit_max_cu = 1
}
