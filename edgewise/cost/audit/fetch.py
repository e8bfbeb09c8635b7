"""Brings a lake's objects from its bucket to a folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from edgewise.cost.audit.reader import SUFFIX


class LakeBucketError(Exception):
    """A stack's lake can't be found, or an object of it has a key that is none of the lake's."""


def find_bucket(client: Any, stack: str) -> str:
    """Return a stack's lake bucket by its name, which begins with ``edgewise-<stack>-lake``.

    Parameters
    ----------
    client
        S3's, of boto3.

    Raises
    ------
    LakeBucketError
        When there is none, or more than one.
    """
    prefix = f"edgewise-{stack}-lake"
    found = [str(bucket["Name"]) for bucket in client.list_buckets()["Buckets"]]
    lakes = [name for name in found if name.startswith(prefix)]
    if len(lakes) != 1:
        raise LakeBucketError(
            f"stack {stack} has {len(lakes)} buckets named {prefix}…, must be 1: deploy it, or name the bucket"
        )
    return lakes[0]


def fetch(client: Any, bucket: str, folder: Path, *, prefix: str) -> int:
    """Download a lake's objects; the folder then has the keys' own folders.

    Parameters
    ----------
    client
        S3's, of boto3.
    folder : Path
        An empty one: what lies there already would be read as well.
    prefix : str
        ``inference.lake.PREFIX``, or a longer one for a day.

    Returns
    -------
    int
        How many objects.

    Raises
    ------
    LakeBucketError
        When a key would leave the folder.
    """
    fetched = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", ()):
            key = str(entry["Key"])
            if not key.endswith(SUFFIX):
                continue
            path = folder / _inside(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, key, str(path))
            fetched += 1
    return fetched


def _inside(key: str) -> PurePosixPath:
    path = PurePosixPath(key)
    if path.is_absolute() or ".." in path.parts:
        raise LakeBucketError(f"object {key!r}: its key leaves the folder, so it is none of the lake's; remove it")
    return path
