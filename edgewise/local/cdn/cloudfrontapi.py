"""The calls of CloudFront's own API by which a distribution is disabled and enabled, as botocore makes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from aiohttp import web

from edgewise.local.cdn import distributionconfig

if TYPE_CHECKING:
    from edgewise.local.cdn.switch import Switch

VERSION: Final = "2020-05-31"
_PATH: Final = re.compile(rf"/{VERSION}/distribution/([^/]+?)(/config)?")
_NAMESPACE: Final = f"http://cloudfront.amazonaws.com/doc/{VERSION}/"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# botocore, cloudfront service-2.json: the errors of the three calls.
STATUSES: Final[Mapping[str, int]] = {
    "NoSuchDistribution": 404,
    "PreconditionFailed": 412,
    "InvalidIfMatchVersion": 400,
    "InvalidArgument": 400,
    "IllegalUpdate": 400,
    "AccessDenied": 403,
}


class CloudFrontError(Exception):
    """An error in the service's own words."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudFrontApi:
    """Answers GetDistribution, GetDistributionConfig and UpdateDistribution; of the last only `Enabled` counts.

    `switches` are by distribution id.
    """

    switches: Mapping[str, Switch]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> web.Response:
        """Answer one call.

        Parameters
        ----------
        method, path : str
            The path below the service's endpoint.
        headers : Mapping
            ``If-Match`` counts.
        body : bytes
            XML, where the call has some.
        """
        try:
            return self._answer(method, path, headers, body)
        except CloudFrontError as error:
            return _error(error)

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> web.Response:
        found = _PATH.fullmatch(path)
        if found is None or method not in ("GET", "PUT") or (method == "PUT" and not found[2]):
            raise CloudFrontError(
                "InvalidArgument",
                f"{method} {path} is not imitated by the local edge; it knows GetDistribution, GetDistributionConfig "
                "and UpdateDistribution (docs/local-edge.md)",
            )
        switch = self.switches.get(found[1])
        if switch is None:
            raise CloudFrontError("NoSuchDistribution", f"there is no distribution {found[1]}")
        if method == "PUT":
            self._update(switch, headers.get("If-Match", ""), body)
            return _xml(_distribution(switch), switch)
        return _xml(_config(switch) if found[2] else _distribution(switch), switch)

    def _update(self, switch: Switch, expected: str, body: bytes) -> None:
        if not expected:
            raise CloudFrontError("InvalidIfMatchVersion", "If-Match is missing: the ETag of GetDistributionConfig")
        if expected != switch.etag:
            raise CloudFrontError("PreconditionFailed", f"If-Match is {expected}, the ETag is another one")
        try:
            asked = distributionconfig.from_xml(body)
        except ValueError as error:
            raise CloudFrontError("InvalidArgument", str(error)) from error
        before = distributionconfig.from_xml(_config(switch))
        enabled = asked.get("Enabled")
        if not isinstance(enabled, bool):
            raise CloudFrontError("InvalidArgument", "DistributionConfig.Enabled must be true or false")
        changed = distributionconfig.differences(before, {**asked, "Enabled": before["Enabled"]})
        if changed:
            raise CloudFrontError(
                "InvalidArgument",
                f"{', '.join(changed)}: the local edge changes DistributionConfig.Enabled alone (docs/local-edge.md); "
                "change the rest in the stack and run 'edgewise up'",
            )
        switch.set(enabled=enabled)


def _config(switch: Switch) -> bytes:
    return distributionconfig.to_xml(distributionconfig.config_of(switch.distribution, enabled=switch.wanted))


def _distribution(switch: Switch) -> bytes:
    distribution = switch.distribution
    modified = datetime.fromtimestamp(switch.modified_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    facts = {
        "Id": distribution.distribution_id,
        "ARN": distribution.arn,
        "Status": switch.status,
        "LastModifiedTime": modified,
        "InProgressInvalidationBatches": "0",
        "DomainName": distribution.domain_name,
    }
    lines = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items())
    return f'<Distribution xmlns="{_NAMESPACE}">{lines}'.encode() + _config(switch) + b"</Distribution>"


def _xml(content: bytes, switch: Switch) -> web.Response:
    return web.Response(body=_DECLARATION + content, headers={"ETag": switch.etag}, content_type="text/xml")


def _error(error: CloudFrontError) -> web.Response:
    content = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{error.name}</Code>'
        f"<Message>{escape(str(error))}</Message></Error></ErrorResponse>"
    )
    return web.Response(status=STATUSES[error.name], body=_DECLARATION + content.encode(), content_type="text/xml")
