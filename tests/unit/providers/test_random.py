"""The random provider: drawn once, secret, replaced when an input changes."""

from __future__ import annotations

import base64
import math
from collections import Counter

import pytest

from edgewise.local.providers.wire import UNKNOWN, Secret
from tests.unit.providers.desk import Desk

BYTES = "random:index/randomBytes:RandomBytes"
PASSWORD = "random:index/randomPassword:RandomPassword"
HEX = {"lower": False, "upper": False, "numeric": False, "special": True, "overrideSpecial": "0123456789abcdef"}


@pytest.fixture(scope="module")
def random() -> Desk:
    return Desk("random")


def test_bytes_are_secret_and_one_value(random: Desk) -> None:
    _, outputs = random.make(BYTES, {"length": 32})
    assert isinstance(outputs["base64"], Secret)
    assert isinstance(outputs["hex"], Secret)
    assert base64.b64decode(outputs["base64"].value).hex() == outputs["hex"].value
    assert len(outputs["hex"].value) == 64
    assert outputs["length"] == 32


def test_bytes_bear_the_secret_in_their_id(random: Desk) -> None:
    """The real provider's trap, imitated: an id can't be encrypted (pulumi#2717). RandomPassword has none."""
    found, outputs = random.make(BYTES, {"length": 32})
    assert found == outputs["base64"].value
    found, outputs = random.make(PASSWORD, {"length": 32})
    assert found == "none"


@pytest.mark.parametrize(("token", "name"), [(BYTES, "hex"), (PASSWORD, "result")])
def test_every_creation_draws_anew(random: Desk, token: str, name: str) -> None:
    assert len({random.make(token, {"length": 16})[1][name].value for _ in range(50)}) == 50


@pytest.mark.parametrize("token", [BYTES, PASSWORD])
@pytest.mark.parametrize("news", [{"length": 33}, {"length": 32, "keepers": {"round": "2"}}])
def test_change_replaces(random: Desk, token: str, news: dict[str, object]) -> None:
    olds = random.inputs(token, {"length": 32})
    found = random.diff(token, olds, random.inputs(token, news, olds=olds))
    assert found.replaces == found.diffs != []


def test_preview_draws_nothing(random: Desk) -> None:
    _, outputs = random.create(BYTES, random.inputs(BYTES, {"length": 32}), preview=True)
    assert outputs["hex"] == outputs["base64"] == UNKNOWN


@pytest.mark.parametrize("token", [BYTES, PASSWORD])
def test_no_length(random: Desk, token: str) -> None:
    assert "smallest allowed, 1" in random.check(token, {"length": 0})[1]["length"]
    assert "missing required" in random.check(token, {})[1]["length"]


def test_hex_digits_by_password(random: Desk) -> None:
    """A 256-bit key as 64 hex digits, without the trap of RandomBytes."""
    _, outputs = random.make(PASSWORD, {"length": 64, **HEX})
    assert isinstance(outputs["result"], Secret)
    assert len(bytes.fromhex(outputs["result"].value)) == 32


def test_password_takes_its_minima(random: Desk) -> None:
    wanted = {"minLower": 2, "minUpper": 3, "minNumeric": 4, "minSpecial": 1}
    _, outputs = random.make(PASSWORD, {"length": 10, **wanted})
    text = outputs["result"].value
    assert sum(letter.islower() for letter in text) == 2
    assert sum(letter.isupper() for letter in text) == 3
    assert sum(letter.isdigit() for letter in text) == 4


def test_password_is_even(random: Desk) -> None:
    """Each of 16 digits about as often: within five standard deviations of 1,000 in 16,000."""
    _, outputs = random.make(PASSWORD, {"length": 16_000, **HEX})
    counted = Counter(outputs["result"].value)
    deviation = 5 * math.sqrt(16_000 * 1 / 16 * 15 / 16)
    assert len(counted) == 16
    assert all(abs(count - 1000) < deviation for count in counted.values())


def test_password_too_short_for_its_minima(random: Desk) -> None:
    assert "sum of the minima, 5" in random.check(PASSWORD, {"length": 4, "minLower": 5})[1]["length"]


def test_password_without_letters(random: Desk) -> None:
    off = {"lower": False, "upper": False, "numeric": False, "special": False}
    assert "must be on" in random.check(PASSWORD, {"length": 4, **off})[1]["special"]
