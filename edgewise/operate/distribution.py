"""A function's distribution: whether it is enabled, and enabling one that the guard or somebody by hand disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate.steps import OperateError

if TYPE_CHECKING:
    from edgewise.operate.cloud import Cloud, Target

ATTEMPTS: Final = 3
# Somebody changed the distribution between reading and writing it.
_STALE: Final = frozenset({"PreconditionFailed", "InvalidIfMatchVersion"})
# CloudFront Developer Guide: a few minutes; its page on Lambda@Edge adds that replicas may take longer.
ARRIVES: Final = "minutes, up to 15"


def is_enabled(cloud: Cloud, target: Target) -> bool:
    """Tell whether a function's distribution is to answer; a change that is on its way counts already.

    Raises
    ------
    botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
        When CloudFront doesn't say.
    """
    return bool(cloud.cloudfront.get_distribution_config(Id=target.distribution)["DistributionConfig"]["Enabled"])


def enable(cloud: Cloud, target: Target) -> bool:
    """Enable a function's distribution, and leave everything else of it as it is.

    Returns
    -------
    bool
        Whether it was disabled.

    Raises
    ------
    OperateError
        When somebody else changes it each time.
    botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
        When CloudFront refuses or doesn't answer.
    """
    for _ in range(ATTEMPTS):
        found = cloud.cloudfront.get_distribution_config(Id=target.distribution)
        config = found["DistributionConfig"]
        if config["Enabled"]:
            return False
        try:
            cloud.cloudfront.update_distribution(
                Id=target.distribution, IfMatch=found["ETag"], DistributionConfig={**config, "Enabled": True}
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _STALE:
                raise
        else:
            return True
    raise OperateError(f"others changed distribution {target.distribution} in each of {ATTEMPTS} attempts")
