"""Behaviour of every imitated type, one file a service."""

from collections.abc import Mapping

from edgewise.local.providers.behaviour import Behaviour
from edgewise.local.providers.tables import (
    cloudfront,
    distribution,
    dynamodb,
    iam,
    lambda_,
    logs,
    random_,
    s3,
)

TABLES: Mapping[str, Mapping[str, Behaviour]] = {
    "aws": {
        **cloudfront.TABLE,
        **distribution.TABLE,
        **dynamodb.TABLE,
        **iam.TABLE,
        **lambda_.TABLE,
        **logs.TABLE,
        **s3.TABLE,
    },
    "random": random_.TABLE,
}
