"""A function that runs at the edge uses none of the features that stay in a Region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_GUIDE, EDGE_STORAGE_MB


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    for key, refused in _REFUSED.items():
        value = function.get(key)
        if value and (said := refused(function)):
            yield Violation(function, said, f"leave {said.split(' ')[0]} out of the lambda_.Function")


def _storage(function: Resource) -> str:
    size_mb = function.get("ephemeralStorage", "size", default=EDGE_STORAGE_MB)
    return f"ephemeral_storage is {size_mb:g} MB, at most {EDGE_STORAGE_MB} MB" if size_mb > EDGE_STORAGE_MB else ""


def _dead_letters(function: Resource) -> str:
    return "dead_letter_config is set" if "targetArn" in function.props["deadLetterConfig"] else ""


def _vpc(function: Resource) -> str:
    # AWS reads an absent block back with empty lists in it.
    return "vpc_config names subnets" if function.props["vpcConfig"].get("subnetIds") else ""


def _tracing(function: Resource) -> str:
    return "tracing_config is Active (X-Ray)" if function.get("tracingConfig", "mode") == "Active" else ""


def _image(function: Resource) -> str:
    return "package_type is Image, not Zip" if function.get("packageType") == "Image" else ""


def _says(text: str) -> Callable[[Resource], str]:
    return lambda _: text


_REFUSED: Final[dict[str, Callable[[Resource], str]]] = {
    "vpcConfig": _vpc,
    "deadLetterConfig": _dead_letters,
    "tracingConfig": _tracing,
    "ephemeralStorage": _storage,
    "packageType": _image,
    "layers": _says("layers are set"),
    "fileSystemConfig": _says("file_system_config is set"),
    "sourceKmsKeyArn": _says("source_kms_key_arn is set"),
}

RULE: Final[Rule[Any]] = Rule(
    id="edge-features",
    what="A Lambda function that a distribution runs uses no VPC, layers, dead letters, X-Ray, image, file system, own "
    f"key for the zip, or more than {EDGE_STORAGE_MB} MB of /tmp.",
    why="CloudFront refuses the association of a function with any of them, after the function was made.",
    source=f"{EDGE_GUIDE}, Lambda features",
    fix="leave the setting out of the lambda_.Function",
    subjects=edge_functions,
    check=_check,
)
