"""Whether everything in the accounts is in place and as tags.yaml says: one module a group of checks."""
