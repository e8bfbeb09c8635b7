"""What all packs stand on: resources as plain data, rules, and the one place that speaks to Pulumi's engine."""
