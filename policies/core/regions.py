"""The Regions that more than one pack speaks of."""

from __future__ import annotations

from typing import Final

# Lambda@Edge logs in the Region nearest the viewer. AWS lists the Regions in no quota; these are the thirteen with a
# regional edge cache: Amazon CloudFront Developer Guide, "How CloudFront delivers content".
EDGE_REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "sa-east-1",
)
HOME_REGION: Final = EDGE_REGIONS[0]
"""Lambda@Edge functions are made here; also where CloudFront's metrics, certificates and web ACLs live."""
