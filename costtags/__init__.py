"""Cost allocation tags for Amazon SageMaker: one tags.yaml, compiled and checked everywhere."""
