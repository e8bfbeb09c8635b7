"""Names that the parts of the good endpoint share."""

from __future__ import annotations

import json
from typing import Final

FUNCTION: Final = "face-match"
# The Regions where an edge function may run: AWS, Lambda@Edge edge locations with regional caches.
LOG_REGIONS: Final = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "sa-east-1", "eu-west-1", "eu-west-2", "eu-central-1"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2"),
)


def trust(*services: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tags() -> dict[str, str]:
    return {"edgewise:environment": "test", "edgewise:function": FUNCTION, "edgewise:cost-centre": "edge-platform"}
