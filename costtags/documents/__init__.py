"""The documents compiled from tags.yaml: what AWS itself enforces, counts by and alerts on."""
