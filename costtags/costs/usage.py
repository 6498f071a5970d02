"""What a SageMaker usage type is for: the groups that costs are shown by."""

# Substring of the usage type -> group; the first that is found counts. After AWS's Cloud Intelligence Dashboards
# (CUDOS v5), but RStudio stands before Studio, which it contains, and was never reached there.
USAGE_GROUPS = {
    "RStudio": "RStudio",
    "Studio": "Studio",
    "Notebk": "Notebook instances",
    "Labeled": "Labeling",
    "Canvas": "Canvas",
    "Host": "Hosting",
    "Processing": "Processing",
    "TrainWarmPool": "Training (warm pools)",
    "Train": "Training",
    "TrSpt": "Training (spot)",
    "Tsform": "Batch transform",
    "AsyncInf": "Asynchronous inference",
    "Data-Bytes": "Hosting (data)",
    "Cluster": "HyperPod",
    "Autopilot": "Autopilot",
    "PartnerApp": "Partner apps",
    "TxtSpan": "Labeling",
    "TxtClass": "Labeling",
    "Custom": "Labeling",
    "MLflow": "MLflow",
    "VolumeUsage": "Storage",
    "StorageIOUsage": "Storage requests",
}
OTHER_USAGE = "Other"


def usage_group(usage_type: str) -> str:
    """Return the group of a usage type: USE1-Host:ml.m5.large -> Hosting."""
    return next((group for part, group in USAGE_GROUPS.items() if part in usage_type), OTHER_USAGE)
