"""The environment variables by which costtags' processes and their users talk to each other."""

SCHEMA = "COSTTAGS_SCHEMA"
"""The tags.yaml to judge by."""
GATE = "COSTTAGS_GATE"
"""Set for a program whose resources the policy pack judges in a preview: components then refuse none themselves."""
FINDINGS = "COSTTAGS_FINDINGS"
"""The file that the policy pack appends its findings to, a line of JSON each."""
