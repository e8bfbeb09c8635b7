"""Behaviour of every imitated type, one file a service.

A new type: describe it in its service's table, run `python -m edgewise.local.providers.harvest`, give it a sample
in `tests/unit/providers/samples.py`. The tests then hold its paths and outputs against the SDK. A new package, such as
`cloudflare`: a table here, a `<name>_package` beside `aws_package`, a `bin/pulumi-resource-<name>`.
"""

from collections.abc import Mapping

from edgewise.local.providers.behaviour import Behaviour
from edgewise.local.providers.tables import (
    alarms,
    cloudfront,
    distribution,
    dynamodb,
    iam,
    lake,
    lambda_,
    logs,
    messaging,
    money,
    random_,
    s3,
    wafv2,
)

TABLES: Mapping[str, Mapping[str, Behaviour]] = {
    "aws": {
        **alarms.TABLE,
        **cloudfront.TABLE,
        **distribution.TABLE,
        **dynamodb.TABLE,
        **iam.TABLE,
        **lake.TABLE,
        **lambda_.TABLE,
        **logs.TABLE,
        **messaging.TABLE,
        **money.TABLE,
        **s3.TABLE,
        **wafv2.TABLE,
    },
    "random": random_.TABLE,
}
