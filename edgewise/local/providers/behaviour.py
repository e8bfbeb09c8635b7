"""The words in which the tables say how a resource type behaves: names, defaults, limits, refusals, outputs.

The tables are data. What is the same for every type (regions, tags, comparison, secrets, previews) is code, once, in
`check`, `diff` and `outputs`. Sources in the tables are those of the facts they were taken from: P = pulumi/pulumi-aws,
T = hashicorp/terraform-provider-aws, S = pulumi_aws's docstrings, B = botocore's API models, L = cfn-lint's
CloudFormation schemas, A = AWS's developer guide, u = general knowledge without a source.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

Rule = Callable[[Mapping[str, Json]], Iterator[Failure]]
"""Looks at a type's inputs (secrets hidden, unknowns in place) and yields what the provider would refuse."""


class Facts(Protocol):
    """What a computed output may look at; `outputs.Making` is the implementation."""

    @property
    def changed(self) -> frozenset[str]:
        """Top-level inputs that an update changes; empty at creation."""

    def __getitem__(self, name: str) -> Json:
        """Return an input, an output computed before, or one of the made-up words (`uuid`, `etag` …)."""

    def get(self, name: str) -> Json:
        """Return an input, or None."""

    def old(self, name: str) -> Json:
        """Return an output of the state before an update, or None."""


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """How a type gets a name when the program gives none (P: autonaming.go, resource_overrides.go).

    Parameters
    ----------
    prop
        The input that takes the name.
    max_length
        The longest name, in characters, that the provider makes.
    form
        `hex`: logical name, `-`, 7 hex digits. `letters`: lower-case, `_`, 8 letters. `logical`: the logical name.
    lower
        The name is lower-cased (buckets).
    suffix
        Input flag and the ending that it asks for (`fifoQueue`, `.fifo`).
    """

    prop: str = "name"
    max_length: int = 255
    form: Literal["hex", "letters", "logical"] = "hex"
    lower: bool = False
    suffix: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit on one property, wherever its path leads.

    Parameters
    ----------
    path
        Property path with `[]` for every item of a list: `origins[].connectionAttempts`.
    source
        Where the limit is written down.
    error
        AWS's own name of the error if only AWS refuses it, at Create or Update; None if the provider's Check does.
    """

    path: str
    source: str
    one_of: tuple[Json, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    pattern: str | None = None
    error: str | None = None

    def failures(self, inputs: Mapping[str, Json]) -> Iterator[Failure]:
        """Yield a failure for every value at the path that breaks the limit."""
        for path, value in at(inputs, self.path):
            reason = self._broken(value)
            if reason:
                yield Failure(path=path, reason=f"{reason} ({self.source})")

    def _broken(self, value: Json) -> str | None:
        if self.one_of is not None and value not in self.one_of:
            return f"{value!r} is not one of {', '.join(map(str, self.one_of))}"
        if self.minimum is not None and value < self.minimum:
            return f"{value} is below the smallest allowed, {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"{value} is above the largest allowed, {self.maximum:g}"
        return self._broken_length(value)

    def _broken_length(self, value: Json) -> str | None:
        unit = "characters" if isinstance(value, str) else "items"
        if self.min_length is not None and len(value) < self.min_length:
            return f"{len(value)} {unit}, at least {self.min_length} are needed"
        if self.max_length is not None and len(value) > self.max_length:
            return f"{len(value)} {unit}, at most {self.max_length} are allowed"
        if self.max_bytes is not None and len(value.encode()) > self.max_bytes:
            return f"{len(value.encode())} bytes, at most {self.max_bytes} are allowed"
        if self.pattern is not None and not re.fullmatch(self.pattern, str.__str__(value)):
            return f"{value!r} does not match {self.pattern}"
        return None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule that only AWS applies, when the resource is created or updated.

    Parameters
    ----------
    error
        AWS's own name of the error.
    rule
        Yields what is refused.
    """

    error: str
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output that the provider or AWS makes up.

    Parameters
    ----------
    make
        A template over inputs, outputs before it and made-up words (`arn:aws:s3:::{bucket}`), or a function, or any
        other JSON value as it is. An input of the same name that the program set wins.
    renew_on
        Inputs whose change makes the output anew in an update; `*` means any change. Otherwise it stays.
    only_if
        An input that must be true for the output to be made anew (`publish`).
    planned
        The provider knows before the update that the output will change, so that a preview shows it as unknown.
    secret
        The output is a secret whatever it is made from.
    """

    make: str | float | list[Json] | Mapping[str, Json] | Callable[[Facts], Json]
    renew_on: frozenset[str] = frozenset()
    only_if: str | None = None
    planned: bool = False
    secret: bool = False


ANY_CHANGE = frozenset({"*"})


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one resource type behaves.

    Parameters
    ----------
    id
        Template of the id, over inputs and outputs.
    auto_name
        How it gets a name; None where the program must give all it needs.
    defaults
        Schema defaults: Check puts them into the inputs and lists them under `__defaults`. Keys are paths
        (`orderedCacheBehaviors[].minTtl`); a nested default is set where its object exists.
    outputs
        By name, in the order in which they are computed.
    unset
        Outputs of the SDK that this stand-in leaves out, because nothing here has a value for them.
    replaces
        Inputs whose change replaces the resource; `*` means every input.
    documents
        Inputs that hold JSON text: objects are accepted, and compared by content.
    unordered
        Names of lists that AWS keeps as sets, at any depth.
    limits, rules
        What is refused about single properties, and about several together, by the provider's own Check.
    refusals
        What AWS refuses at Create and Update.
    delete_refusals
        What AWS refuses at Delete, looking at the outputs.
    """

    id: str
    auto_name: AutoName | None = None
    defaults: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    limits: tuple[Limit, ...] = ()
    rules: tuple[Rule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    delete_refusals: tuple[Refusal, ...] = ()


def at(value: Json, path: str, *, prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the known values at a path, each with its full path; absent and unknown ones are left out.

    Examples
    --------
    >>> list(at({"rules": [{"id": "a"}, {"id": "b"}]}, "rules[].id"))
    [('rules[0].id', 'a'), ('rules[1].id', 'b')]
    """
    if value is None or value == UNKNOWN:
        return
    if not path:
        yield prefix, value
    elif path.startswith("[]"):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from at(item, path[2:].removeprefix("."), prefix=f"{prefix}[{index}]")
    elif isinstance(value, Mapping):
        name = re.match(r"[^.\[]+", path)
        if name is None:
            raise ValueError(f"table: {path!r} is not a property path")
        rest = path[name.end() :].removeprefix(".")
        yield from at(value.get(name[0]), rest, prefix=f"{prefix}.{name[0]}" if prefix else name[0])


def one_of(
    path: str, found: Mapping[str, Json], names: tuple[str, ...], *, may_lack: bool = False
) -> Iterator[Failure]:
    """Yield a failure unless exactly one of the names is given (or, with `may_lack`, at most one).

    An unknown may turn out to be nothing, so it neither counts nor is missed.
    """
    given = [name for name in names if found.get(name) not in (None, UNKNOWN, [], "", False)]
    open_ = any(found.get(name) == UNKNOWN for name in names)
    if len(given) > 1 or not (given or open_ or may_lack):
        reason = f"give {'at most' if may_lack else 'exactly'} one of {', '.join(names)}; got {given or 'none'}"
        yield Failure(path=path, reason=reason)


def known(inputs: Mapping[str, Json], name: str) -> bool:
    """Tell whether an input is given and known."""
    return inputs.get(name) not in (None, UNKNOWN)
