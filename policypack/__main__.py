"""Starts the pack: `pulumi preview --policy-pack policypack`."""

from costtags.policypack.rules import serve

serve()
