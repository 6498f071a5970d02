"""Plain config values that YAML reads as numbers, dates or truth values reach the program as the CLI writes them."""
# expect: []
# tags:
#   group:
#     cost-center: ML-Sales
#     environment: prod
#     project: churn
#     date: 2024-01-01 00:00:00 +0000 UTC
#     time: 2024-01-01 10:00:00 +0000 UTC
#     octal: "8"
#     quoted: "010"
#     exponent: "1000"
#     fraction: "1.1"
#     grouped: "1000"
#     hexadecimal: "16"
#     truth: "true"
#     word: "yes"
#     list: "[1.1,8,true]"
# stack_file: |
#   config:
#     aws:region: eu-west-1
#     corpus:date: 2024-01-01
#     corpus:time: 2024-01-01T10:00:00Z
#     corpus:octal: 010
#     corpus:quoted: "010"
#     corpus:exponent: 1e3
#     corpus:fraction: 1.10
#     corpus:grouped: 1_000
#     corpus:hexadecimal: 0x10
#     corpus:truth: True
#     corpus:word: yes
#     corpus:list: [1.10, 010, True]
import pulumi
import pulumi_aws as aws

NAMES = "date time octal quoted exponent fraction grouped hexadecimal truth word list".split()

config = pulumi.Config()
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": "churn",
        **{name: config.require(name) for name in NAMES},
    },
)
