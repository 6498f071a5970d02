"""A program without resources passes."""
# expect: []
import pulumi

pulumi.export("answer", 42)
