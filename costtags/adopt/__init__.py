"""A first tags.yaml from what exists: a tag policy, an exported stack, the tags in use in an account, the example."""
