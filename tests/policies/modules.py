"""The case modules: which functions they have, and what is expected of each (see `tests/policies/cases`)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from policies.core.pack import POLICIES, Pack, packs
from policies.core.resource import Resource
from tests.policies import cases

_FUNCTION: Final = re.compile(r"^(bad|good|aside)_(\w+)_(\d+)$")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One function of a module.

    Attributes
    ----------
    kind : {"bad", "good", "aside"}
    rule : str
        The rule's id.
    prefix : str
        What every resource's name begins with.
    """

    kind: str
    rule: str
    prefix: str
    function: Callable[..., None]

    def owns(self, name: str) -> bool:
        """Tell whether a resource of this name is the function's."""
        return name == self.prefix or name.startswith(f"{self.prefix}-")

    def keeps(self, resource: Resource) -> bool:
        """Tell whether a resource belongs to the program that is this function alone."""
        return self.owns(resource.name) or resource.type.startswith("pulumi:")

    def declare(self) -> None:
        """Declare the function's resources."""
        if inspect.signature(self.function).parameters:
            self.function(self.prefix)
        else:
            self.function()


@dataclass(frozen=True, kw_only=True)
class Module:
    """One case module."""

    name: str
    pack: str
    cases: tuple[Case, ...]
    config: dict[str, Any]


def module_names() -> list[str]:
    """Return the case modules' short names."""
    return sorted(each.name for each in pkgutil.iter_modules(cases.__path__) if not each.name.startswith("_"))


def pack_names() -> list[str]:
    """Return the packs' names without loading them."""
    return sorted(each.parent.name for each in POLICIES.glob("*/PulumiPolicy.yaml"))


def load(name: str) -> Module:
    """Read a case module."""
    found = importlib.import_module(f"{cases.__name__}.{name}")
    pack = max((each for each in pack_names() if name.startswith(f"{each}_")), key=len, default="")
    if not pack:
        raise ValueError(f"cases/{name}.py: call it <pack>_<topic>.py; packs are {', '.join(pack_names())}")
    return Module(name=name, pack=pack, cases=tuple(_cases(found)), config=getattr(found, "CONFIG", {}))


def _cases(module: ModuleType) -> list[Case]:
    own = [each for each in vars(module).values() if inspect.isfunction(each) and each.__module__ == module.__name__]
    made = []
    for function in own:
        name = function.__name__
        match = _FUNCTION.match(name)
        if match:
            rule = match[2].replace("_", "-")
            made.append(Case(kind=match[1], rule=rule, prefix=name.replace("_", "-"), function=function))
        elif not name.startswith("_"):
            raise ValueError(
                f"{module.__name__}.{name}: call it bad_, good_ or aside_<rule>_<n>; helpers begin with '_'"
            )
    return made


def declare(name: str) -> None:
    """Declare everything of a module: the program that the engine runs."""
    for case in load(name).cases:
        case.declare()


def pack_of(module: Module) -> Pack:
    """Return a module's pack, loaded."""
    return next(each for each in packs() if each.name == module.pack)
