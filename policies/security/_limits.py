"""What AWS leaves no choice about, one place each."""

from __future__ import annotations

from typing import Final

# Actions that know no resource: on anything but "*" they are refused. Service Authorization Reference, the page of each
# service, column "Resource types". What only lists or describes is not named one by one: it reads names, no data.
ANYWHERE: Final = frozenset(
    {
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:PutMetricData",
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
        "ecr:GetAuthorizationToken",
        "kms:GenerateRandom",
        "pricing:GetProducts",
        "secretsmanager:GetRandomPassword",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "sts:GetCallerIdentity",
        "tag:GetResources",
        "xray:GetSamplingRules",
        "xray:GetSamplingStatisticSummaries",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
READING_NAMES: Final = ("List", "Describe")

# AWS-managed policies that allow all of a service, or of the account: AWS Managed Policy Reference.
BROAD_POLICIES: Final = ("AdministratorAccess", "PowerUserAccess", "FullAccess")

# CloudFront's security policies that take no TLS below 1.2: Amazon CloudFront Developer Guide, "Supported protocols and
# ciphers between viewers and CloudFront".
MINIMUM_TLS: Final = ("TLSv1.2", "TLSv1.3")
