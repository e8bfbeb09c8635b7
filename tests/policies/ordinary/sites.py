"""Sites and what stands in front of servers."""

from __future__ import annotations

import json
from typing import Any, Final

import pulumi
import pulumi_aws as aws

CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER: Final = "216adef6-5c7f-47e4-b989-5492eafa07d3"
READ: Final = ["GET", "HEAD"]
EVERY_METHOD: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def trust(service: str) -> str:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code(text: str = "def handler(event, context): ...") -> pulumi.AssetArchive:
    """Return a function's code."""
    return pulumi.AssetArchive({"handler.py": pulumi.StringAsset(text)})


def distribution(name: str, domain: pulumi.Input[str], behaviour: dict[str, Any], **more: Any) -> Any:
    """Declare a distribution of one origin."""
    default: Any = {
        "target_origin_id": "origin",
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": READ,
        "cached_methods": READ,
        "cache_policy_id": CACHING_OPTIMIZED,
        **behaviour,
    }
    origin: Any = {
        "origin_id": "origin",
        "domain_name": domain,
        "custom_origin_config": {
            "http_port": 80,
            "https_port": 443,
            "origin_protocol_policy": "https-only",
            "origin_ssl_protocols": ["TLSv1.2"],
        },
    }
    return aws.cloudfront.Distribution(
        f"{name}-distribution",
        enabled=True,
        origins=[origin],
        default_cache_behavior=default,
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={"cloudfront_default_certificate": True},
        **more,
    )


def static_site(name: str) -> None:
    """A bucket behind a distribution."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    aws.s3.BucketObjectv2(f"{name}-index", bucket=bucket.bucket, key="index.html", content="hello")
    distribution(name, bucket.bucket_regional_domain_name, {}, default_root_object="index.html")


def website_endpoint(name: str) -> None:
    """A bucket that S3 serves as a website, to everybody."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    aws.s3.BucketWebsiteConfiguration(f"{name}-website", bucket=bucket.bucket, index_document={"suffix": "index.html"})


def single_page_app(name: str) -> None:
    """An edge function rewrites GET requests to the app's page; it sees no body."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    role = aws.iam.Role(f"{name}-role", assume_role_policy=trust("edgelambda.amazonaws.com"))
    rewrite = aws.lambda_.Function(
        f"{name}-rewrite", role=role.arn, runtime="python3.13", handler="handler.handler", code=code(), publish=True
    )
    at_the_edge = [{"event_type": "viewer-request", "lambda_arn": rewrite.qualified_arn, "include_body": False}]
    distribution(name, bucket.bucket_regional_domain_name, {"lambda_function_associations": at_the_edge})


def redirects(name: str) -> None:
    """A CloudFront Function redirects old addresses."""
    text = "function handler(event) { return event.request; }"
    function = aws.cloudfront.Function(f"{name}-function", runtime="cloudfront-js-2.0", code=text, publish=True)
    associated = [{"event_type": "viewer-request", "function_arn": function.arn}]
    distribution(name, "example.com", {"function_associations": associated})


def distribution_before_servers(name: str) -> None:
    """CloudFront in front of a load balancer: posts go through, no function runs."""
    balancer = aws.lb.LoadBalancer(f"{name}-balancer", load_balancer_type="application", subnets=["subnet-1"])
    behaviour = {"allowed_methods": EVERY_METHOD, "origin_request_policy_id": ALL_VIEWER}
    distribution(name, balancer.dns_name, behaviour)


def firewalled_balancer(name: str) -> None:
    """A regional web ACL that counts, on a load balancer."""
    balancer = aws.lb.LoadBalancer(f"{name}-balancer", load_balancer_type="application", subnets=["subnet-1"])
    seen: Any = {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
    rule: Any = {
        "name": "common",
        "priority": 0,
        "override_action": {"count": {}},
        "statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet"}},
        "visibility_config": seen,
    }
    acl = aws.wafv2.WebAcl(
        f"{name}-acl", scope="REGIONAL", default_action={"allow": {}}, rules=[rule], visibility_config=seen
    )
    aws.wafv2.WebAclAssociation(f"{name}-association", resource_arn=balancer.arn, web_acl_arn=acl.arn)


def web_server(name: str) -> None:
    """A server with an address."""
    image = aws.ec2.get_ami(owners=["amazon"], most_recent=True)
    group = aws.ec2.SecurityGroup(
        f"{name}-group", ingress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}]
    )
    server = aws.ec2.Instance(
        f"{name}-server", ami=image.id, instance_type="t3.micro", vpc_security_group_ids=[group.id]
    )
    aws.ec2.Eip(f"{name}-address", instance=server.id)


def network(name: str) -> None:
    """A network with a NAT gateway."""
    zones = aws.get_availability_zones(state="available")
    vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.0.0.0/16")
    for index, zone in enumerate(zones.names[:2]):
        aws.ec2.Subnet(f"{name}-subnet-{index}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=zone)
    public = aws.ec2.Subnet(f"{name}-public", vpc_id=vpc.id, cidr_block="10.0.9.0/24")
    aws.ec2.InternetGateway(f"{name}-gateway", vpc_id=vpc.id)
    address = aws.ec2.Eip(f"{name}-address", domain="vpc")
    aws.ec2.NatGateway(f"{name}-nat", allocation_id=address.id, subnet_id=public.id)


def names(name: str) -> None:
    """A DNS zone with a certificate."""
    zone = aws.route53.Zone(f"{name}-zone", name="example.com")
    certificate = aws.acm.Certificate(f"{name}-certificate", domain_name="example.com", validation_method="DNS")
    aws.route53.Record(f"{name}-record", zone_id=zone.zone_id, name="www", type="A", ttl=300, records=["192.0.2.1"])
    pulumi.export(f"{name}-certificate", certificate.arn)
