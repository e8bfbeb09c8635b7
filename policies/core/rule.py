"""What a rule is: what it asks, why, and the four answers that it can give. Nothing here knows Pulumi's plumbing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from policies.core.resource import Resource, Stack, UnknownValueError

S = TypeVar("S")

Level = Literal["mandatory", "advisory"]
Config = Mapping[str, Any]


class Answer(StrEnum):
    """What a rule says of a stack."""

    COMPLIANT = "compliant"
    VIOLATION = "violation"
    NOT_APPLICABLE = "not applicable"
    CANT_TELL = "can't tell"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with one resource.

    Attributes
    ----------
    resource : Resource
    figure : str
        The value that was found, beside the one that is asked for.
    fix : str
        How to mend this very case; the rule's own text when left out.
    """

    resource: Resource
    figure: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer about one resource."""

    answer: Answer
    resource: Resource
    figure: str
    fix: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a rule: JSON schema, the value when nobody sets it, and what it is for."""

    schema: Mapping[str, Any]
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """A safe mend of one resource's inputs, off by default.

    Attributes
    ----------
    types : tuple of str
    mend : callable
        Takes the type, the inputs and the config; returns the inputs to be used, or None where all is well.
    """

    types: tuple[str, ...]
    mend: Callable[[str, Mapping[str, Any], Config], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[S]):
    """One rule.

    Attributes
    ----------
    id : str
        Kebab case, the file's name with "-" for "_".
    what : str
        What must hold, one sentence.
    why : str
        What happens otherwise.
    source : str
        Who says so: a document's title or a file of this repository.
    fix : str
        How to mend it.
    level : {"mandatory", "advisory"}
        A mandatory rule that can't tell fails closed.
    subjects : callable
        What the rule is about in a stack; none of it means not applicable.
    check : callable
        Yields what is wrong with one subject; nothing means compliant. An `UnknownValueError` means can't tell.
    config : mapping of str to Setting
    remedy : Remedy or None
    """

    id: str
    what: str
    why: str
    source: str
    fix: str
    subjects: Callable[[Stack], Iterable[S]]
    check: Callable[[S, Config], Iterable[Violation]]
    level: Level = "mandatory"
    config: Mapping[str, Setting] = field(default_factory=dict)
    remedy: Remedy | None = None

    def settings(self, config: Config | None = None) -> dict[str, Any]:
        """Return the rule's settings: the given ones over the defaults."""
        return {name: setting.default for name, setting in self.config.items()} | dict(config or {})

    def judge(self, stack: Stack, config: Config | None = None) -> Verdict:
        """Ask the rule about a stack."""
        settings = self.settings(config)
        findings: list[Finding] = []
        applies = False
        try:
            for subject in self.subjects(stack):
                applies = True
                findings += self._findings(subject, settings)
        except UnknownValueError as unknown:
            applies = True
            findings.append(_cant_tell(unknown))
        return Verdict(self, tuple(findings), applies=applies)

    def _findings(self, subject: S, settings: Config) -> list[Finding]:
        found: list[Finding] = []
        try:
            for each in self.check(subject, settings):
                found.append(Finding(Answer.VIOLATION, each.resource, each.figure, each.fix or self.fix))
        except UnknownValueError as unknown:
            found.append(_cant_tell(unknown))
        return found


def _cant_tell(unknown: UnknownValueError) -> Finding:
    return Finding(
        Answer.CANT_TELL,
        unknown.resource,
        f"{unknown.path} is not known before the update",
        "write the value itself, not another resource's output, or let it come from a resource of this program that "
        "the rule can follow",
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule's findings in one stack."""

    rule: Rule[Any]
    findings: tuple[Finding, ...]
    applies: bool

    @property
    def answer(self) -> Answer:
        """The worst of the findings."""
        if not self.applies:
            return Answer.NOT_APPLICABLE
        answers = {finding.answer for finding in self.findings}
        return next((each for each in (Answer.VIOLATION, Answer.CANT_TELL) if each in answers), Answer.COMPLIANT)

    @property
    def refuses(self) -> bool:
        """Whether a deployment ends here: a mandatory rule that is broken or can't tell."""
        return self.rule.level == "mandatory" and self.answer in {Answer.VIOLATION, Answer.CANT_TELL}


def message(rule: Rule[Any], finding: Finding) -> str:
    """Return what a person reads: the resource, the figure, why it matters and what to do."""
    doubt = "can't tell, so it is refused: " if finding.answer is Answer.CANT_TELL else ""
    return (
        f"{rule.id}: {finding.resource.label}\n"
        f"  found: {doubt}{finding.figure}\n"
        f"  asked: {rule.what}\n"
        f"  why:   {rule.why} ({rule.source})\n"
        f"  fix:   {finding.fix}"
    )
