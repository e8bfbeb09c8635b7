"""What is always on beside an inference endpoint, and what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pulumi
import pulumi_aws as aws

ALL_METHODS: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
ELSEWHERE: Final = "arn:aws:lambda:us-east-1:000000000000:function:elsewhere:1"
SOON: Final = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()
OVER: Final = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
CONFIG: Final = {
    "load-balancer": {"enforcementLevel": "mandatory", "usd_hour": 0.0225},
    "nat-gateway": {"enforcementLevel": "mandatory", "usd_hour": 0.045},
}


def _distribution(name: str, arn: pulumi.Input[str], path: str) -> None:
    origin: Any = {
        "origin_id": "site",
        "domain_name": "www.example.com",
        "custom_origin_config": {
            "http_port": 80,
            "https_port": 443,
            "origin_protocol_policy": "https-only",
            "origin_ssl_protocols": ["TLSv1.2"],
        },
    }
    behaviour: dict[str, Any] = {
        "target_origin_id": "site",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ALL_METHODS,
        "cached_methods": ["GET", "HEAD"],
    }
    running = {"event_type": "origin-request", "lambda_arn": arn, "include_body": True}
    settings: dict[str, Any] = {
        "enabled": True,
        "origins": [origin],
        "default_cache_behavior": behaviour,
        "ordered_cache_behaviors": [behaviour | {"path_pattern": path, "lambda_function_associations": [running]}],
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    aws.cloudfront.Distribution(f"{name}-distribution", **settings)


def _endpoint(name: str) -> None:
    """Declare the least that is an inference endpoint."""
    _distribution(name, ELSEWHERE, f"/v1/{name}/*")


def _function(name: str, **more: Any) -> aws.lambda_.Function:
    role = aws.iam.Role(f"{name}-role", name=f"{name}-role", assume_role_policy=json.dumps({"Statement": []}))
    settings: dict[str, Any] = {
        "role": role.arn,
        "runtime": "python3.13",
        "handler": "handler.answer",
        "memory_size": 512,
        "publish": True,
        "code": pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def answer(event, context): ...")}),
    }
    return aws.lambda_.Function(f"{name}-function", **(settings | more))


def _measured_endpoint(name: str, ms: int = 40) -> None:
    """Declare an endpoint whose ledger says how long a request takes."""
    function = _function(name)
    table = aws.dynamodb.Table(
        f"{name}-table",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
    )
    reads = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table.arn}
    aws.iam.RolePolicy(
        f"{name}-policy",
        role=f"{name}-role",
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [reads]}),
    )
    item = {"pk": {"S": f"limits#{name}"}, "ms_per_request": {"N": str(ms)}}
    aws.dynamodb.TableItem(f"{name}-limits", table_name=table.name, hash_key="pk", item=json.dumps(item))
    _distribution(name, function.qualified_arn, f"/v1/{name}/*")


def _reason(name: str, rps: float, until: str = SOON) -> dict[str, str]:
    return {
        "edgewise:always-on-until": until,
        "edgewise:always-on-why": "measured traffic of the last quarter",
        "edgewise:expected-rps": str(rps),
        "edgewise:function": name,
    }


def _machine(name: str, kind: str, **more: Any) -> None:
    aws.ec2.Instance(f"{name}-machine", ami="ami-1", instance_type=kind, **more)


def bad_always_on_instance_1(name: str) -> None:
    """Somebody's helper machine."""
    _endpoint(name)
    _machine(name, "t3.medium")


def bad_always_on_instance_2(name: str) -> None:
    """A reason that ended yesterday."""
    _measured_endpoint(name)
    _machine(name, "c7g.large", tags=_reason(name, 20, OVER))


def bad_always_on_instance_3(name: str) -> None:
    """A rate at which the function is cheaper."""
    _measured_endpoint(name)
    _machine(name, "c7g.large", tags=_reason(name, 2))


def bad_always_on_instance_4(name: str) -> None:
    """A group that never shrinks to none."""
    _endpoint(name)
    template = aws.ec2.LaunchTemplate(f"{name}-template", image_id="ami-1", instance_type="c7g.large")
    aws.autoscaling.Group(
        f"{name}-group",
        min_size=1,
        max_size=3,
        vpc_zone_identifiers=["subnet-1"],
        launch_template={"id": template.id, "version": "$Latest"},
    )


def good_always_on_instance_1(name: str) -> None:
    """A rate at which the machine pays."""
    _measured_endpoint(name)
    _machine(name, "c7g.large", tags=_reason(name, 20))


def good_always_on_instance_2(name: str) -> None:
    """A group that is empty until somebody starts a job."""
    _endpoint(name)
    template = aws.ec2.LaunchTemplate(f"{name}-template", image_id="ami-1", instance_type="c7g.large")
    aws.autoscaling.Group(
        f"{name}-group",
        min_size=0,
        desired_capacity=0,
        max_size=3,
        vpc_zone_identifiers=["subnet-1"],
        launch_template={"id": template.id, "version": "$Latest"},
    )


def bad_gpu_1(name: str) -> None:
    _endpoint(name)
    _machine(name, "g5.xlarge")


def bad_gpu_2(name: str) -> None:
    """Justified, but not at this rate."""
    _measured_endpoint(name)
    _machine(name, "g4dn.xlarge", tags=_reason(name, 20))


def _nodes(name: str, size: int) -> None:
    aws.eks.NodeGroup(
        f"{name}-nodes",
        cluster_name="elsewhere",
        node_role_arn="arn:aws:iam::000000000000:role/nodes",
        subnet_ids=["subnet-1"],
        instance_types=["g6.xlarge"],
        scaling_config={"desired_size": size, "min_size": size, "max_size": 2},
    )


def bad_gpu_3(name: str) -> None:
    _endpoint(name)
    _nodes(name, 1)


def good_gpu_1(name: str) -> None:
    _measured_endpoint(name)
    _machine(name, "g4dn.xlarge", tags=_reason(name, 60))


def good_gpu_2(name: str) -> None:
    _endpoint(name)
    _nodes(name, 0)


def bad_provisioned_concurrency_1(name: str) -> None:
    """Its qualifier and name are known after the update only."""
    _endpoint(name)
    function = _function(name)
    aws.lambda_.ProvisionedConcurrencyConfig(
        f"{name}-warm", function_name=function.name, qualifier=function.version, provisioned_concurrent_executions=1
    )


def bad_provisioned_concurrency_2(name: str) -> None:
    """A function of another program."""
    _endpoint(name)
    aws.lambda_.ProvisionedConcurrencyConfig(
        f"{name}-warm", function_name="elsewhere", qualifier="1", provisioned_concurrent_executions=5
    )


def good_provisioned_concurrency_1(name: str) -> None:
    _measured_endpoint(name)


def good_provisioned_concurrency_2(name: str) -> None:
    """A reservation costs nothing."""
    _endpoint(name)
    _function(name, reserved_concurrent_executions=2)


def _gateway(name: str, **more: Any) -> None:
    aws.ec2.NatGateway(f"{name}-gateway", subnet_id="subnet-1", connectivity_type="private", **more)


def _vpc_endpoint(name: str, kind: str) -> None:
    aws.ec2.VpcEndpoint(
        f"{name}-endpoint", vpc_id="vpc-1", service_name="com.amazonaws.us-east-1.dynamodb", vpc_endpoint_type=kind
    )


def bad_nat_gateway_1(name: str) -> None:
    _endpoint(name)
    _gateway(name)


def bad_nat_gateway_2(name: str) -> None:
    """An endpoint that is billed by the hour."""
    _endpoint(name)
    _vpc_endpoint(name, "Interface")


def good_nat_gateway_1(name: str) -> None:
    """The kind that is free."""
    _endpoint(name)
    _vpc_endpoint(name, "Gateway")


def good_nat_gateway_2(name: str) -> None:
    """The pack's settings hold its price, and the rate pays for it."""
    _measured_endpoint(name)
    _gateway(name, tags=_reason(name, 60))


def _hosted(name: str, **variant: Any) -> None:
    settings: Any = {"variant_name": "all", "model_name": "elsewhere", **variant}
    aws.sagemaker.EndpointConfiguration(f"{name}-hosted", production_variants=[settings])


def bad_hosted_endpoint_1(name: str) -> None:
    _endpoint(name)
    _hosted(name, instance_type="ml.g5.xlarge", initial_instance_count=1)


def bad_hosted_endpoint_2(name: str) -> None:
    """Serverless, but kept warm."""
    _endpoint(name)
    _hosted(name, serverless_config={"max_concurrency": 5, "memory_size_in_mb": 2048, "provisioned_concurrency": 1})


def good_hosted_endpoint_1(name: str) -> None:
    _endpoint(name)
    _hosted(name, serverless_config={"max_concurrency": 5, "memory_size_in_mb": 2048})


def good_hosted_endpoint_2(name: str) -> None:
    _measured_endpoint(name)
    _hosted(name, serverless_config={"max_concurrency": 1, "memory_size_in_mb": 1024})


def _balancer(name: str, **more: Any) -> None:
    aws.lb.LoadBalancer(f"{name}-balancer", subnets=["subnet-1", "subnet-2"], **more)


def bad_load_balancer_1(name: str) -> None:
    _endpoint(name)
    _balancer(name)


def bad_load_balancer_2(name: str) -> None:
    """A reason, and a rate that does not pay."""
    _measured_endpoint(name)
    _balancer(name, load_balancer_type="network", tags=_reason(name, 0.5))


def good_load_balancer_1(name: str) -> None:
    _measured_endpoint(name)
    _balancer(name, tags=_reason(name, 60))


def good_load_balancer_2(name: str) -> None:
    _measured_endpoint(name, ms=400)
    _balancer(name, load_balancer_type="network", tags=_reason(name, 1))


def _tasks(name: str, **more: Any) -> None:
    aws.ecs.Service(f"{name}-tasks", task_definition="elsewhere:1", **more)


def bad_container_service_1(name: str) -> None:
    _endpoint(name)
    _tasks(name, desired_count=1)


def bad_container_service_2(name: str) -> None:
    """A control plane without a node."""
    _endpoint(name)
    aws.eks.Cluster(
        f"{name}-cluster",
        role_arn="arn:aws:iam::000000000000:role/cluster",
        vpc_config={"subnet_ids": ["subnet-1", "subnet-2"]},
    )


def good_container_service_1(name: str) -> None:
    _endpoint(name)
    _tasks(name, desired_count=0)


def good_container_service_2(name: str) -> None:
    """The default is none."""
    _measured_endpoint(name)
    _tasks(name)


def _mapping(name: str, **more: Any) -> None:
    queue = aws.sqs.Queue(f"{name}-queue")
    aws.lambda_.EventSourceMapping(
        f"{name}-mapping", event_source_arn=queue.arn, function_name=_function(name).name, **more
    )


def bad_provisioned_pollers_1(name: str) -> None:
    _endpoint(name)
    _mapping(name, provisioned_poller_config={"minimum_pollers": 2})


def bad_provisioned_pollers_2(name: str) -> None:
    """At least one, whatever the block says."""
    _endpoint(name)
    _mapping(name, provisioned_poller_config={"maximum_pollers": 10})


def good_provisioned_pollers_1(name: str) -> None:
    _endpoint(name)
    _mapping(name)


def good_provisioned_pollers_2(name: str) -> None:
    _endpoint(name)
    _mapping(name, batch_size=5)


def _table(name: str, **more: Any) -> None:
    aws.dynamodb.Table(f"{name}-table", hash_key="pk", attributes=[{"name": "pk", "type": "S"}], **more)


def bad_always_on_store_1(name: str) -> None:
    """The provider's default is provisioned capacity."""
    _endpoint(name)
    _table(name, read_capacity=5, write_capacity=5)


def bad_always_on_store_2(name: str) -> None:
    _endpoint(name)
    aws.elasticache.Cluster(f"{name}-cache", engine="valkey", node_type="cache.t4g.micro", num_cache_nodes=1)


def good_always_on_store_1(name: str) -> None:
    _endpoint(name)
    _table(name, billing_mode="PAY_PER_REQUEST")


def good_always_on_store_2(name: str) -> None:
    _measured_endpoint(name)


def aside_always_on_store_1(name: str) -> None:
    """No inference, so nothing of it is anybody's business: alone it is not even asked about."""
    aws.sns.Topic(f"{name}-topic")
