"""CloudWatch's log groups (facts/resources.md, 4)."""

from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import AutoName, Behaviour, Limit, Output, Refusal
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import Json

# B: logs PutRetentionPolicy; 0 is the provider's word for "for ever".
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
)


def _protected(outputs: Mapping[str, Json]) -> Iterator[Failure]:
    if outputs.get("deletionProtectionEnabled") is True:
        yield Failure(path="deletionProtectionEnabled", reason="the log group is protected; switch it off first")


TABLE: Mapping[str, Behaviour] = {
    "aws:cloudwatch/logGroup:LogGroup": Behaviour(
        id="{name}",
        auto_name=AutoName(max_length=512),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        outputs={
            "arn": Output(make="arn:aws:logs:{region}:{account}:log-group:{name}"),  # without `:*`
            "logGroupClass": Output(make="STANDARD"),
        },
        replaces=frozenset({"name", "logGroupClass", "region"}),
        limits=(
            Limit(path="name", pattern=r"[.\-_/#A-Za-z0-9]{1,512}", source="B: logs LogGroupName"),
            Limit(path="retentionInDays", one_of=RETENTION_DAYS, source="B: logs PutRetentionPolicy"),
            Limit(path="logGroupClass", one_of=("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"), source="B"),
        ),
        delete_refusals=(Refusal(error="OperationAbortedException", rule=_protected),),
    ),
}
