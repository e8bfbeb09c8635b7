"""An action is a few steps in order; when one fails, the error says which are done and which are not."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class OperateError(Exception):
    """An action that was not done."""


class RefusedError(OperateError):
    """What was asked for can't be done; nothing was changed."""


class IncompleteError(OperateError):
    """Some steps are done and some are not; the same command again completes it."""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What an action did.

    Attributes
    ----------
    action, function, who, when, why : str
        `when` is ISO 8601, UTC.
    done : list of str
        Sentences, in order.
    warnings : list of str
        What the caller should know besides.
    """

    action: str
    function: str
    who: str
    when: str
    why: str
    done: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


def run(steps: Sequence[tuple[str, Callable[[], str]]], outcome: Outcome, *, say: Callable[[str], None]) -> None:
    """Take the steps; each returns a sentence of what it did.

    Raises
    ------
    IncompleteError
        When one fails; the text names the done ones, the failed one and the rest.
    """
    for number, (name, step) in enumerate(steps):
        try:
            told = step()
        except (BotoCoreError, ClientError, OperateError) as error:
            done = "; ".join(outcome.done) or "nothing"
            left = ", ".join(each for each, _ in steps[number:])
            raise IncompleteError(
                f"{outcome.action} {outcome.function}: {name}: {reason(error)}. Done: {done}. "
                f"Not done: {left}. The same command again completes it."
            ) from error
        outcome.done.append(told)
        say(told)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn an error of a call that changes nothing into a sentence.

    Raises
    ------
    OperateError
        Says what was asked, and that nothing was changed.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OperateError(f"{what}: {reason(error)}. Nothing was changed.") from error


def reason(error: Exception) -> str:
    """Return what an error says."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{error.operation_name} answered {told.get('Code')}: {told.get('Message') or 'no reason'}"
    return str(error)
