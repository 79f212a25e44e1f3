"""Asset checks: what the lake's rows must hold beyond their schema."""

import dagster as dg

CHECKS: tuple[dg.AssetChecksDefinition, ...] = ()
