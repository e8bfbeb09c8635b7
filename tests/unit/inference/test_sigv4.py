"""Signatures are AWS's: botocore's own signer is the oracle."""

from __future__ import annotations

import datetime
from typing import Any

import botocore.auth  # type: ignore[import-untyped]  # it ships no types
import botocore.credentials  # type: ignore[import-untyped]  # it ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.sigv4 import Credentials, sign

PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
NAMES = st.from_regex(r"x-[a-z0-9-]{1,12}", fullmatch=True).filter(
    lambda name: name not in {"x-amz-date", "x-amz-security-token", "x-amzn-trace-id"}
)


def by_botocore(
    headers: dict[str, str], body: bytes, *, region: str, service: str, credentials: Credentials, now_s: int
) -> dict[str, str]:
    moment = datetime.datetime.fromtimestamp(now_s, tz=datetime.UTC)
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(
            credentials.access_key, credentials.secret_key, credentials.session_token or None
        ),
        service,
        region,
    )
    request: Any = AWSRequest(method="POST", url=f"https://{headers['host']}/", data=body, headers=headers)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    string = signer.string_to_sign(request, canonical)
    signer._inject_signature_to_request(request, signer.signature(string, request))
    return {name.lower(): value for name, value in request.headers.items()}


@settings(max_examples=500, deadline=None)
@given(
    extra=st.dictionaries(NAMES, VALUES, max_size=4),
    body=st.binary(max_size=300),
    host=st.from_regex(r"[a-z0-9.-]{1,30}(:[1-9][0-9]{3})?", fullmatch=True),
    region=st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2"]),
    service=st.sampled_from(["dynamodb", "sts", "kinesis"]),
    access_key=st.from_regex(r"[A-Z0-9]{16,20}", fullmatch=True),
    secret_key=PRINTABLE,
    session_token=st.one_of(st.just(""), PRINTABLE),
    now_s=st.integers(min_value=0, max_value=4_102_444_800),
)
def test_every_signature_is_botocores(
    *,
    extra: dict[str, str],
    body: bytes,
    host: str,
    region: str,
    service: str,
    access_key: str,
    secret_key: str,
    session_token: str,
    now_s: int,
) -> None:
    # GIVEN any POST of JSON
    headers = {"host": host, "content-type": "application/x-amz-json-1.0"} | extra
    credentials = Credentials(access_key=access_key, secret_key=secret_key, session_token=session_token)

    # WHEN both sign it
    ours = sign(headers, body, region=region, service=service, credentials=credentials, now_s=float(now_s))
    theirs = by_botocore(headers, body, region=region, service=service, credentials=credentials, now_s=now_s)

    # THEN the signatures are equal
    assert ours["authorization"] == theirs["authorization"]
    assert ours["x-amz-date"] == theirs["x-amz-date"]
    assert ours.get("x-amz-security-token") == theirs.get("x-amz-security-token")


def test_secrets_show_in_no_repr() -> None:
    shown = repr(Credentials(access_key="AKIDEXAMPLE", secret_key="very-secret", session_token="also-secret"))
    assert "AKIDEXAMPLE" in shown
    assert "secret" not in shown.replace("secret_key", "")
