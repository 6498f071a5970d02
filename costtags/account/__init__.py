"""Day 2: what is read from and changed in live AWS accounts, by boto3."""
