"""The one place that speaks to Pulumi's engine: a pack's rules as policies, its resources as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)

from policies.core.pack import Pack
from policies.core.resource import UNKNOWN, Resource, Stack, link
from policies.core.rule import Remedy, Rule, message

LEVELS: Final = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
REMEDY_SUFFIX: Final = "-remedy"


def serve(pack: Pack) -> None:
    """Answer the engine until it is done; a `PolicyPack` blocks when it is made."""
    snapshots = _Snapshots()
    policies: list[Any] = [_policy(rule, snapshots) for rule in pack.rules]
    policies += [_remedy(rule, rule.remedy) for rule in pack.rules if rule.remedy]
    PolicyPack(pack.name, enforcement_level=EnforcementLevel.MANDATORY, policies=policies)


class _Snapshots:
    """The stack as plain data, read once a request: the engine asks every rule about the same resources in turn.

    A rule that asks a second time belongs to a new request.
    """

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._stack: Stack | None = None

    def stack(self, rule: str, resources: list[PolicyResource]) -> Stack:
        if self._stack is None or rule in self._asked:
            self._asked = set()
            self._stack = snapshot(resources)
        self._asked.add(rule)
        return self._stack


def _policy(rule: Rule[Any], snapshots: _Snapshots) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        verdict = rule.judge(snapshots.stack(rule.id, args.resources), args.get_config())
        if not verdict.applies:
            args.not_applicable(f"nothing in this stack is what {rule.id} is about")
        for finding in verdict.findings:
            report(message(rule, finding), finding.resource.urn)

    return StackValidationPolicy(
        name=rule.id,
        description=rule.what,
        validate=validate,
        enforcement_level=LEVELS[rule.level],
        config_schema=_schema(rule),
    )


def _schema(rule: Rule[Any]) -> PolicyConfigSchema | None:
    if not rule.config:
        return None
    properties = {name: {**each.schema, "default": each.default} for name, each in rule.config.items()}
    return PolicyConfigSchema(properties=properties)


def _remedy(rule: Rule[Any], remedy: Remedy) -> ResourceValidationPolicy:
    def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        if args.resource_type not in remedy.types:
            return None
        return remedy.mend(args.resource_type, args.props, rule.settings())

    return ResourceValidationPolicy(
        name=f"{rule.id}{REMEDY_SUFFIX}",
        description=f"Mends what {rule.id} asks for, where that is safe.",
        enforcement_level=EnforcementLevel.DISABLED,
        # The SDK calls it with or without await; its annotation knows only the first.
        remediate=cast("Any", remediate),
    )


def snapshot(resources: list[PolicyResource]) -> Stack:
    """Return the engine's resources as a stack of plain data.

    In a preview the engine shows what the program set beside what the provider will work out. A property that is not
    known and that no resource went into is the provider's: the program did not set it, so here it is absent.
    """
    made = [
        Resource(urn=each.urn, type=each.resource_type, name=each.name, props=_set_by_program(each))
        for each in resources
    ]
    by_urn = {each.urn: each for each in made}
    for each, resource in zip(resources, made, strict=True):
        if each.parent is not None:
            resource.parent = by_urn.get(each.parent.urn)
    dependencies = {
        each.urn: {key: [source.urn for source in sources] for key, sources in each.property_dependencies.items()}
        for each in resources
    }
    return link(made, dependencies)


def _set_by_program(resource: PolicyResource) -> dict[str, Any]:
    props: dict[str, Any] = _plain(resource.props)
    linked = resource.property_dependencies
    settled = {key: value if linked.get(key) else _without_unknowns(value) for key, value in props.items()}
    return {key: value for key, value in settled.items() if value is not UNKNOWN or linked.get(key)}


def _without_unknowns(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknowns(each) for key, each in value.items() if each is not UNKNOWN}
    if isinstance(value, list):
        return [_without_unknowns(each) for each in value if each is not UNKNOWN]
    return value


def _plain(value: Any) -> Any:
    """Return a value without the SDK's proxies: they raise at what is unknown, and a rule must see the rest."""
    if isinstance(value, Mapping):
        return {key: _inside(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_inside(value, index) for index in range(len(value))]
    return value


def _inside(value: Any, key: Any) -> Any:
    try:
        return _plain(value[key])
    except proxy.UnknownValueError:
        return UNKNOWN
