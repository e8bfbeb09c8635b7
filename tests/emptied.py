"""An empty moto: its state belongs to the process, so a server of a later test finds what an earlier one left."""

from __future__ import annotations

from moto.backends import get_backend


def empty_moto() -> None:
    """Forget all tables, buckets, topics, queues, metrics and distributions."""
    for service in ("dynamodb", "s3", "sns", "sqs", "cloudwatch", "cloudfront"):
        for account in get_backend(service).values():
            for region in account.values():
                region.reset()
