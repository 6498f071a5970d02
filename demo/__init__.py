"""A place to try costtags without an account: `make demo`."""
