"""Types of SageMaker with tags are judged, whatever they are for."""
# expect:
#   - {resource: code, policy: required-tags, code: missing, tag: project}
#   - {resource: config, policy: required-tags, code: missing, tag: project}
#   - {resource: endpoint, policy: required-tags, code: missing, tag: project}
#   - {resource: features, policy: required-tags, code: missing, tag: project}
#   - {resource: lifecycle, policy: required-tags, code: missing, tag: project}
#   - {resource: mlflow, policy: required-tags, code: missing, tag: project}
#   - {resource: model, policy: required-tags, code: missing, tag: project}
#   - {resource: profile, policy: required-tags, code: missing, tag: project}
#   - {resource: studio, policy: required-tags, code: missing, tag: project}
#   - {resource: team, policy: required-tags, code: missing, tag: project}
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod"}
role = "arn:aws:iam::123456789012:role/ml"
aws.sagemaker.CodeRepository(
    "code",
    code_repository_name="c",
    git_config={"repository_url": "https://github.com/acme/ml.git"},
    tags=tags,
)
model = aws.sagemaker.Model("model", execution_role_arn=role, tags=tags)
config = aws.sagemaker.EndpointConfiguration(
    "config", production_variants=[{"model_name": model.name, "variant_name": "all"}], tags=tags
)
aws.sagemaker.Endpoint("endpoint", endpoint_config_name=config.name, tags=tags)
aws.sagemaker.FeatureGroup(
    "features",
    feature_group_name="f",
    record_identifier_feature_name="id",
    event_time_feature_name="at",
    role_arn=role,
    feature_definitions=[{"feature_name": "id", "feature_type": "String"}],
    tags=tags,
)
aws.sagemaker.NotebookInstanceLifecycleConfiguration("lifecycle", tags=tags)
aws.sagemaker.MlflowTrackingServer(
    "mlflow", tracking_server_name="t", artifact_store_uri="s3://b/p", role_arn=role, tags=tags
)
aws.sagemaker.UserProfile("profile", domain_id="d-1", user_profile_name="me", tags=tags)
aws.sagemaker.StudioLifecycleConfig(
    "studio",
    studio_lifecycle_config_name="s",
    studio_lifecycle_config_app_type="JupyterLab",
    studio_lifecycle_config_content="eA==",
    tags=tags,
)
aws.sagemaker.Workteam(
    "team", workteam_name="t", description="labels", member_definitions=[], tags=tags
)
