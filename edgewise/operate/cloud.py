"""The AWS clients that the switches need, for AWS itself and for a running local edge."""

from __future__ import annotations

import getpass
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]  # it ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate.steps import OperateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REGION: Final = "us-east-1"
STORE_SERVICE: Final = "cloudfront-keyvaluestore"
# Below the local edge's admin address; it wants any AWS signature and no token.
LOCAL_STORE_PATH: Final = "/aws/cloudfront-keyvaluestore"
LOCAL_CLOUDFRONT_PATH: Final = "/aws/cloudfront"
_CONNECT_TIMEOUT_S: Final = 3
_READ_TIMEOUT_S: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A deployed function's places.

    Attributes
    ----------
    stack, function : str
    table : str
        The ledger's table.
    store_arn : str
        The gate's key-value store.
    bucket : str
        Where models lie.
    distribution : str
        The distribution's id.
    """

    stack: str
    function: str
    table: str
    store_arn: str
    bucket: str
    distribution: str

    @classmethod
    def from_outputs(cls, stack: str, function: str, endpoint: Mapping[str, Any], *, bucket: str) -> Target:
        """Read what the stack's outputs say of a function.

        Parameters
        ----------
        stack, function : str
        endpoint : mapping
            The function's part of ``endpoints``.
        bucket : str
            ``model_bucket``; empty where the stack has no such output.

        Raises
        ------
        OperateError
            When a deployment before the switches made it.
        """
        store_arn, distribution = (str(endpoint.get(name) or "") for name in ("store_arn", "distribution_id"))
        if not store_arn or not distribution or not bucket:
            raise OperateError(
                f"stack {stack} has no outputs store_arn, distribution_id and model_bucket: it was deployed before "
                "there were switches; deploy it again"
            )
        return cls(
            stack=stack,
            function=function,
            table=f"edgewise-{stack}-ledger",
            store_arn=store_arn,
            bucket=bucket,
            distribution=distribution,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cloud:
    """Clients, and who uses them.

    Attributes
    ----------
    dynamodb, s3, store, cloudfront : Any
        boto3's clients; the store is the data plane of CloudFront's key-value stores.
    who : callable
        Names the caller, for the record.
    now_s : callable
        Unix seconds.
    pause : callable
        Waits some seconds.
    """

    dynamodb: Any
    s3: Any
    store: Any
    cloudfront: Any
    who: Callable[[], str]
    now_s: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep


def aws_cloud() -> Cloud:
    """Return AWS's, with the caller's own credentials."""
    session = boto3.Session(region_name=REGION)
    config = _config()
    sts = session.client("sts", config=config)
    return Cloud(
        dynamodb=session.client("dynamodb", config=config),
        s3=session.client("s3", config=config),
        store=session.client(STORE_SERVICE, config=config),
        cloudfront=session.client("cloudfront", config=config),
        who=lambda: str(sts.get_caller_identity()["Arn"]),
    )


def local_cloud(*, cloud_url: str, admin_url: str) -> Cloud:
    """Return a local edge's.

    Parameters
    ----------
    cloud_url, admin_url : str
        As its status says: DynamoDB and S3, and the gateway's admin address.
    """
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    store = session.client(STORE_SERVICE, endpoint_url=admin_url + LOCAL_STORE_PATH, config=_config())
    authority = urlsplit(admin_url).netloc

    def without_account(request: Any, **_: Any) -> None:
        """Take the account's label away that botocore puts before the host."""
        host = urlsplit(request.url).netloc
        if host.endswith(f".{authority}"):
            request.url = request.url.replace(host, authority, 1)

    store.meta.events.register(f"before-sign.{STORE_SERVICE}", without_account)
    return Cloud(
        dynamodb=session.client("dynamodb", endpoint_url=cloud_url, config=_config()),
        s3=session.client("s3", endpoint_url=cloud_url, config=_config(s3={"addressing_style": "path"})),
        store=store,
        cloudfront=session.client("cloudfront", endpoint_url=admin_url + LOCAL_CLOUDFRONT_PATH, config=_config()),
        who=getpass.getuser,
    )


def _config(**more: Any) -> Config:
    return Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 3},
        **more,
    )
