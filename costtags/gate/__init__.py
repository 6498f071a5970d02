"""The gate: judges a Pulumi program or state before anything is created."""
