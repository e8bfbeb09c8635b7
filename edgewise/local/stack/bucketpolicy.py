"""Read the bucket policies that let distributions read: the form that AWS gives for origin access control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edgewise.local.stack.model import LocalEdgeError, ReadGrant

_READ_ACTIONS: Final = ("s3:GetObject", "s3:*")
# Origin access control always speaks HTTPS, so this refusal never meets it.
_ONLY_TLS: Final = {"Bool": {"aws:SecureTransport": "false"}}


def grants(documents: Sequence[object], *, bucket: str, where: str) -> tuple[ReadGrant, ...]:
    """Return what a bucket's policies let distributions read.

    Parameters
    ----------
    documents : Sequence
        Policy documents, parsed.
    bucket : str
        The bucket's name.
    where : str
        The bucket, for an error.

    Raises
    ------
    LocalEdgeError
        For a policy that is no object, and for a refusal that is not imitated.
    """
    found: list[ReadGrant] = []
    for document in documents:
        if not isinstance(document, Mapping):
            raise LocalEdgeError(f"{where}: its bucket policy is no JSON object")
        statements = document.get("Statement") or []
        for statement in [statements] if isinstance(statements, Mapping) else statements:
            if statement.get("Effect") == "Allow":
                found += _statement_grants(statement, bucket=bucket)
            elif statement.get("Condition") != _ONLY_TLS:
                raise LocalEdgeError(
                    f"{where}: statement {statement.get('Sid')!r} of its bucket policy denies under conditions that "
                    "the local edge does not imitate (docs/local-edge.md)"
                )
    return tuple(found)


def _statement_grants(statement: Mapping[str, object], *, bucket: str) -> list[ReadGrant]:
    """Return the grants of a statement to CloudFront; one for anybody else counts for nothing here."""
    principal, condition = statement.get("Principal"), statement.get("Condition")
    services = _texts(principal.get("Service")) if isinstance(principal, Mapping) else []
    equals = condition.get("StringEquals") if isinstance(condition, Mapping) else None
    reads = any(action in _READ_ACTIONS for action in _texts(statement.get("Action")))
    if "cloudfront.amazonaws.com" not in services or not reads or not isinstance(equals, Mapping):
        return []
    sources = [arn for key in ("AWS:SourceArn", "aws:SourceArn") for arn in _texts(equals.get(key))]
    prefix = f"arn:aws:s3:::{bucket}/"
    patterns = [text.removeprefix(prefix) for text in _texts(statement.get("Resource")) if text.startswith(prefix)]
    return [ReadGrant(distribution_arn=arn, key_pattern=pattern) for arn in sources for pattern in patterns]


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [value] if isinstance(value, str) else []
