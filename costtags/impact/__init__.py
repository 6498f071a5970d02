"""CloudTrail's record of calls to SageMaker -> which of them a policy would have denied."""
