"""Signatures: the contract's, short-lived, by the server's clock once it was told."""

from __future__ import annotations

import pytest

from edgewise.device.signing import Device, Signer
from inference.contract import authorization

KEY = "ab" * 32


def device(**changes: str) -> Device:
    return Device(**({"function": "face-match", "device_id": "door-1", "kid": "k1", "key": KEY} | changes))


def test_a_signature_is_the_contracts() -> None:
    signer = Signer(device(), lifetime_s=60, clock=lambda: 1_000.9)
    assert signer.authorization() == authorization(
        KEY, kid="k1", function="face-match", device_id="door-1", expires=1_060
    )


def test_the_servers_time_is_used_from_then_on() -> None:
    # GIVEN a device whose clock is a day behind
    now = 1_000.0
    signer = Signer(device(), clock=lambda: now)
    # WHEN the server tells the time, and ten seconds pass
    signer.set_time(87_400)
    now = 1_010.0
    # THEN the expiry goes by the server's clock
    assert f".{87_410 + 60}." in signer.authorization()


@pytest.mark.parametrize("lifetime_s", [0, 301, -5])
def test_a_lifetime_that_the_gate_refuses(lifetime_s: int) -> None:
    with pytest.raises(ValueError, match=f"lifetime_s {lifetime_s}: expected 1 to 300"):
        Signer(device(), lifetime_s=lifetime_s)


@pytest.mark.parametrize(
    ("field", "value"),
    [("function", "Face"), ("device_id", "a/b"), ("device_id", ""), ("kid", "K"), ("kid", "123456789")],
)
def test_a_bad_name_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} '{value}': expected"):
        device(**{field: value})


@pytest.mark.parametrize("key", ["", " ", "schlüssel"])
def test_a_bad_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match=r"^key: expected the device's key, 64 hexadecimal digits$"):
        device(key=key)


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(device())
    assert "door-1" in repr(device())
