"""A budget whose tag filter is malformed, or names what the schema does not, is taken by AWS and counts nothing."""
# config:
#   aws-native:region: eu-west-1
# expect:
#   - {resource: no-prefix, policy: budget-tag-filter, code: filter-malformed, says: "user:KEY$VALUE"}
#   - {resource: no-value, policy: budget-tag-filter, code: filter-malformed}
#   - {resource: by-another-name, policy: budget-tag-filter, code: filter-malformed, says: TagKeyValue}
#   - {resource: misspelt, policy: budget-tag-filter, code: filter-key, tag: cost_center, says: 'did you mean "cost-center"?'}
#   - {resource: another-key, policy: budget-tag-filter, code: filter-key, tag: app}
#   - {resource: wrong-value, policy: budget-tag-filter, code: filter-value, tag: cost-center, says: ML-Sales}
#   - {resource: empty-value, policy: budget-tag-filter, code: filter-value, tag: cost-center}
#   - {resource: one-of-two, policy: budget-tag-filter, code: filter-value, tag: cost-center}
#   - {resource: expression, policy: budget-tag-filter, code: filter-key, tag: Cost-Center}
#   - {resource: expression, policy: budget-tag-filter, code: filter-value, tag: environment}
#   - {resource: native, policy: budget-tag-filter, code: filter-value, tag: cost-center}
#   - {resource: known-later, policy: tag-values-known, level: advisory, code: unknown-value}
# hidden: [Secret-Value]
import pulumi_aws as aws
import pulumi_aws_native as native

common = {"budget_type": "COST", "limit_amount": "10", "limit_unit": "USD", "time_unit": "MONTHLY"}
topic = aws.sns.Topic("topic")
filters = {
    "no-prefix": ["cost-center$ML-Sales"],
    "no-value": ["user:cost-center"],
    "misspelt": ["user:cost_center$ML-Sales"],
    "another-key": ["user:app$web"],
    "wrong-value": ["user:cost-center$Secret-Value"],
    "empty-value": ["user:cost-center$"],
    "one-of-two": ["user:cost-center$ML-Sales", "user:cost-center$Sales"],
    "known-later": [topic.arn.apply(lambda arn: f"user:cost-center${arn}")],
}
for name, values in filters.items():
    aws.budgets.Budget(name, cost_filters=[{"name": "TagKeyValue", "values": values}], **common)
by_name = [{"name": "user:cost-center", "values": ["ML-Sales"]}]
aws.budgets.Budget("by-another-name", cost_filters=by_name, **common)
aws.budgets.Budget(
    "expression",
    filter_expression={"ors": [{"tags": {"key": "Cost-Center", "values": ["ML-Sales"]}},
                               {"tags": {"key": "environment", "values": ["production"]}}]},
    metrics="UnblendedCost",
    **common,
)
native.budgets.Budget(
    "native",
    budget={"budget_type": "COST", "time_unit": "MONTHLY", "cost_filters": {"TagKeyValue": ["user:cost-center$x"]}},
)
