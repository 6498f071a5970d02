"""Starts the component package, as PulumiPlugin.yaml has it."""

from costtags.components.provider import main

main()
