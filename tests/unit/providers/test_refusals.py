"""Every refusal, from data; and every limit of the tables at its edge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from edgewise.local.providers.behaviour import Limit, Rule, at
from edgewise.local.providers.provider import RefusedError
from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import UNKNOWN
from tests.unit.providers.desk import Desk, put
from tests.unit.providers.refused_by_aws import ALLOWED, REFUSED_BY_AWS
from tests.unit.providers.refused_by_provider import REFUSED_BY_PROVIDER
from tests.unit.providers.samples import SAMPLES


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


def changed(token: str, change: dict[str, Any]) -> dict[str, Any]:
    found = SAMPLES[token]
    for path, value in change.items():
        found = put(found, path, value)
    return found


@pytest.mark.parametrize(("token", "change", "words"), REFUSED_BY_PROVIDER)
def test_refused_before_any_call(aws: Desk, token: str, change: dict[str, Any], words: str) -> None:
    _, failures = aws.check(token, changed(token, change))
    assert any(words in reason for reason in failures.values())
    assert all(reason.startswith(f"{path}: ") for path, reason in failures.items())


@pytest.mark.parametrize(("token", "change", "words"), REFUSED_BY_AWS)
@pytest.mark.parametrize("preview", [False, True])
def test_refused_by_aws_at_creation(aws: Desk, token: str, change: dict[str, Any], words: str, preview: bool) -> None:
    """A preview refuses too, where the values are known already."""
    inputs = aws.inputs(token, changed(token, change))
    with pytest.raises(RefusedError, match=re.escape(words)) as refusal:
        aws.create(token, inputs, preview=preview)
    assert str(refusal.value).startswith(f"creating {token} 'thing': ")


@pytest.mark.parametrize(("token", "change", "words"), REFUSED_BY_AWS)
def test_refused_by_aws_at_update(aws: Desk, token: str, change: dict[str, Any], words: str) -> None:
    inputs = aws.inputs(token, SAMPLES[token])
    _, outputs = aws.create(token, inputs)
    news = aws.inputs(token, changed(token, change), olds=inputs)
    with pytest.raises(RefusedError, match=re.escape(words)) as refusal:
        aws.update(token, olds=outputs, old_inputs=inputs, news=news)
    assert str(refusal.value).startswith(f"updating {token} 'thing': ")


@pytest.mark.parametrize(("token", "change"), ALLOWED)
def test_allowed(aws: Desk, token: str, change: dict[str, Any]) -> None:
    aws.create(token, aws.inputs(token, changed(token, change)))


@pytest.mark.parametrize(
    ("token", "change"),
    [
        case[:2]
        for case in [*REFUSED_BY_PROVIDER, *REFUSED_BY_AWS]
        if any(value is not None for value in case[1].values())
    ],
)
def test_unknown_is_never_refused(aws: Desk, token: str, change: dict[str, Any]) -> None:
    """GIVEN a preview WHEN the values in question are not known yet THEN nothing is said of them."""
    later = {path: UNKNOWN for path, value in change.items() if value is not None}
    inputs = aws.inputs(token, changed(token, later))
    aws.create(token, inputs, preview=True)


LIMITS = [
    (token, limit) for table in TABLES.values() for token, behaviour in table.items() for limit in behaviour.limits
]


def plant(path: str, value: Any) -> dict[str, Any]:
    """Return inputs with the value at a table's path, and nothing else."""
    name, _, rest = path.partition(".")
    lists = name.count("[]")
    inner = plant(rest, value) if rest else value
    for _ in range(lists):
        inner = [inner]
    return {name.replace("[]", ""): inner}


def edges(limit: Limit) -> Iterator[tuple[Any, bool]]:
    """Yield values on both sides of a limit."""
    if limit.one_of is not None:
        yield from ((value, True) for value in limit.one_of)
        yield "no-such-value", False
    if limit.minimum is not None:
        yield limit.minimum, True
        yield limit.minimum - 1, False
    if limit.maximum is not None:
        yield limit.maximum, True
        yield limit.maximum + 1, False
    if limit.min_length:
        yield "a" * limit.min_length, True
        yield "a" * (limit.min_length - 1), False
    if limit.max_length is not None:
        yield "a" * limit.max_length, True
        yield "a" * (limit.max_length + 1), False
    if limit.max_bytes is not None:
        yield "a" * limit.max_bytes, True
        yield "a" * (limit.max_bytes + 1), False
    if limit.pattern is not None:
        yield "\u2603 no pattern of AWS takes this: \\ A", False


@pytest.mark.parametrize(("token", "limit"), LIMITS, ids=[f"{token}-{limit.path}" for token, limit in LIMITS])
def test_every_limit_bites_at_its_edge(token: str, limit: Limit) -> None:
    tried = list(edges(limit))
    assert tried
    for value, passes in tried:
        assert (list(limit.failures(plant(limit.path, value))) == []) is passes, value


def test_path_that_is_none() -> None:
    with pytest.raises(ValueError, match="is not a property path"):
        list(at({"a": {}}, "a..b"))


RULES = [
    (token, rule)
    for token, behaviour in TABLES["aws"].items()
    for rule in (*behaviour.rules, *(refusal.rule for refusal in behaviour.refusals))
]


@pytest.mark.parametrize(("token", "rule"), RULES, ids=[f"{token}-{rule.__name__}" for token, rule in RULES])
def test_every_rule_has_a_case(aws: Desk, token: str, rule: Rule) -> None:
    """WHEN a rule is added to a table THEN a case above must make it speak, and the sample must not."""
    cases = [case for case in [*REFUSED_BY_PROVIDER, *REFUSED_BY_AWS] if case[0] == token]
    checked = [aws.check(token, changed(token, change))[0] for _, change, _ in cases]
    assert any(list(rule(inputs)) for inputs in checked)
    assert list(rule(aws.inputs(token, SAMPLES[token]))) == []
