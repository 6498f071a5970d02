"""`python -m costtags`: the command line."""

from costtags.cli import main

main(prog_name="costtags")
