"""Ways to weaken the rest of `prod`, each with the rule that must see it."""

from __future__ import annotations

import json
from typing import Final

from tests.policies.documents import Documents
from tests.policies.mutations_spend import (
    DISTRIBUTION,
    EDGE,
    GATE,
    LAMBDA,
    Change,
    behaviours,
    change,
    leaves,
    rules_of,
    without,
)


def allow_everything(documents: Documents) -> None:
    """The edge function may do all in the account."""
    policy = documents.one(":RolePolicy", "face-match-permissions")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy["props"]["policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust_everybody(documents: Documents) -> None:
    """Any account may take the role."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = documents.props(":Role", "face-match-role")
    role["assumeRolePolicy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def verify_nothing(documents: Documents) -> None:
    """The gate looks at no signature."""
    gate = documents.props(GATE)
    gate["code"] = gate["code"].replace("createHmac", "createHash")


def forget_the_length(documents: Documents) -> None:
    """The firewall lets in a body of any length."""
    for rule in rules_of(documents):
        if "allow" in rule["action"]:
            for leaf in leaves(rule):
                if leaf["fieldToMatch"].get("singleHeader", {}).get("name") == "content-length":
                    leaf["positionalConstraint"] = "CONTAINS"


def settle_twice(documents: Documents) -> None:
    """A second reader takes the ledger's stream."""
    documents.copy(documents.one(":EventSourceMapping"), "second")


def put_a_key_into_the_environment(documents: Documents) -> None:
    """A signing key where anybody who may look reads it."""
    documents.props(LAMBDA, "settle-lambda")["environment"]["variables"]["SIGNING_KEY"] = "0" * 64


def viewer(**changes: object) -> Change:
    """Return a change of the viewers' certificate."""
    return lambda documents: documents.props(DISTRIBUTION)["viewerCertificate"].update(changes)


def forget_tags(documents: Documents) -> None:
    """A table that nobody pays for."""
    for key in ("tags", "tagsAll"):
        documents.props("dynamodb/table:Table").pop(key, None)


def keep_warm(documents: Documents) -> None:
    """Concurrency that is paid day and night."""
    kind = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
    function = documents.one(LAMBDA, "settle-lambda")
    documents.add(kind, "warm", {"provisionedConcurrentExecutions": 2.0}, functionName=function)


def rent(kind: str) -> Change:
    """Return a change that rents a server all day behind the function."""
    return lambda documents: documents.add("aws:ec2/instance:Instance", "server", {"instanceType": kind})


def http_too(documents: Documents) -> None:
    """Plain HTTP is answered."""
    behaviours(documents)[0]["viewerProtocolPolicy"] = "allow-all"


OTHER: Final[dict[str, tuple[str, Change]]] = {
    "a public bucket": (
        "private-bucket",
        change(":BucketPublicAccessBlock", "models-public-access-block", blockPublicPolicy=False),
    ),
    "no public access block": ("private-bucket", without(":BucketPublicAccessBlock", "lake-public-access-block")),
    "no bucket policy": ("bucket-tls", without(":BucketPolicy", "models-policy")),
    "plain HTTP": ("viewer-tls", http_too),
    "TLS 1.0": ("viewer-tls", viewer(minimumProtocolVersion="TLSv1")),
    "every action": ("least-privilege", allow_everything),
    "any account": ("open-trust", trust_everybody),
    "no signature": ("signature-gate", verify_nothing),
    "a key in the environment": ("secrets-wrapped", put_a_key_into_the_environment),
    "no tags": ("tags", forget_tags),
    "a body of any length": ("body-limit", forget_the_length),
    "two readers": ("one-sink", settle_twice),
    "a device's own series": (
        "device-dimension",
        lambda documents: documents.props(":MetricAlarm", "guard-missing-receipts")["dimensions"].update(DeviceId="a"),
    ),
    "kept warm": ("provisioned-concurrency", keep_warm),
    "a GPU": ("gpu", rent("g5.xlarge")),
    "a server": ("always-on-instance", rent("m7i.large")),
    "arm64": ("edge-architecture", change(LAMBDA, EDGE, architectures=["arm64"])),
    "an environment": ("edge-environment", change(LAMBDA, EDGE, environment={"variables": {"A": "b"}})),
    "not published": ("edge-version", change(LAMBDA, EDGE, publish=False)),
    "another Region": ("edge-region", change(LAMBDA, EDGE, region="eu-west-1")),
}
