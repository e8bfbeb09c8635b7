"""What the packs see of this project's own four stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from edgewise import engine
from edgewise.cli.artefacts import ensure_models
from edgewise.paths import PROJECT_ROOT
from tests.policies.harness import CAPTURE, Program, Run
from tests.project import copy_project

STACKS = ("local", "dev", "staging", "prod")


def first_preview(stack: str) -> Run:
    """Preview a stack from nothing, with every pack, on the shipped stand-ins."""
    ensure_models(stack, say=print, root=PROJECT_ROOT)
    with engine.throwaway_project() as root:
        return Program(root=root, lenient=False, stack_name=stack).preview([*engine.policy_packs(), CAPTURE])


@pytest.fixture(scope="session")
def first_previews() -> Callable[[str], Run]:
    """Give a stack's first preview, run when somebody first asks for it."""
    runs: dict[str, Run] = {}

    def of(stack: str) -> Run:
        if stack not in runs:
            runs[stack] = first_preview(stack)
        return runs[stack]

    return of


@pytest.fixture(scope="session")
def second_preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Give the preview of the stack `local` after it was deployed, with every pack."""
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    ensure_models("local", say=print, root=copy.root)
    program = Program(root=copy.root, lenient=False, modules=copy.root)
    deployed = program.up()
    assert deployed.exit_code == 0, deployed.output
    yield program.preview([*engine.policy_packs(), CAPTURE])
