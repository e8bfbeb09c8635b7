"""What `edgewise up --demo` shows at its end: every function of the local stack, asked about real data."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from edgewise.cli.console import say
from edgewise.cli.deployment import read_deployment
from edgewise.cli.described import read_stack
from edgewise.cli.edge_errors import edge_exit_codes
from edgewise.engine import LOCAL_STACK
from inference import contract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgewise.cost.bound import Bound
    from edgewise.device.demo import DemoResult, Exam
    from edgewise.local.supervisor import LocalEdgeStatus
    from edgewise.models.catalogue import Artefact
    from infra.settings import Settings

DEVICE: Final = "demo-device"
# What is asked, by the model's name in the catalogue. A function with another model answers too, but nothing is known
# here of what would be right.
EXAMS: Final = {
    "face-match": "edgewise.device.demo_faces",
    "anomaly": "edgewise.device.demo_readings",
    "voice-activity": "edgewise.device.demo_voice",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One function's answers, and what its worst month costs.

    Attributes
    ----------
    result : DemoResult
        What it answered.
    budget_usd : Decimal
        Its ``monthly_budget_usd``.
    bound_usd : Decimal
        The worst month.
    float32_bytes : int
        The size of the same model before it was compressed.
    float32_bound_usd : Decimal
        The worst month with that one.
    """

    result: DemoResult
    budget_usd: Decimal
    bound_usd: Decimal
    float32_bytes: int
    float32_bound_usd: Decimal

    @property
    def passed(self) -> bool:
        """Whether it answered rightly, within its budget."""
        return self.result.passed and self.bound_usd <= self.budget_usd

    def fields(self) -> dict[str, Any]:
        """Return it as a JSON object's members; money is text, so that no digit is lost."""
        return {
            **self.result.fields(),
            "passed": self.passed,
            "monthly_budget_usd": str(self.budget_usd),
            "bound_usd": str(self.bound_usd),
            "float32_bytes": self.float32_bytes,
            "float32_bound_usd": str(self.float32_bound_usd),
            "saved_usd": str(self.float32_bound_usd - self.bound_usd),
        }


def demonstrate(edge: LocalEdgeStatus) -> list[Shown]:
    """Ask each function whose model has an exam.

    Parameters
    ----------
    edge : LocalEdgeStatus
        The running local edge.

    Raises
    ------
    edgewise.cli.exits.CliError
        When the edge refuses or does not answer.
    """
    from edgewise.device import demo
    from edgewise.device.signing import Device
    from edgewise.models import catalogue

    settings, deployment = read_stack(LOCAL_STACK), read_deployment(LOCAL_STACK)
    shown: list[Shown] = []
    for name, function in settings.functions.items():
        if function.model not in EXAMS:
            say(f"{name}: model {function.model!r} has no demonstration")
            continue
        digest = str(deployment.endpoint(name)["model_digest"])
        artefact = catalogue.ensure(function.model, digest=digest, say=say)
        kid, master = deployment.master_key(name, None)
        device = Device(function=name, device_id=DEVICE, kid=kid, key=contract.device_key(master, DEVICE))
        exam: Callable[..., Exam] = importlib.import_module(EXAMS[function.model]).exam
        questions = exam(artefact, say=say)
        with edge_exit_codes():
            result = demo.run(edge.endpoints[name], device=device, artefact=artefact, exam=questions, say=say)
        shown.append(_priced(result, settings, artefact))
    return shown


def _priced(result: DemoResult, settings: Settings, artefact: Artefact) -> Shown:
    from edgewise.models.catalogue import folder_of
    from edgewise.models.lock import read_lock

    function = settings.functions[result.function]
    float32_bytes = read_lock(folder_of(function.model)).evidence.fp32_bytes
    return Shown(
        result=result,
        budget_usd=Decimal(function.monthly_budget_usd),
        bound_usd=_bound(result.function, settings, artefact, artefact.manifest.bytes).total_usd,
        float32_bytes=float32_bytes,
        float32_bound_usd=_bound(result.function, settings, artefact, float32_bytes).total_usd,
    )


def _bound(name: str, settings: Settings, artefact: Artefact, model_bytes: int) -> Bound:
    """Compute the worst month as if the model had another size; what it answers and is asked stays."""
    from edgewise.cost.bound import bound
    from infra.bound import describe

    return bound(describe(name, settings.functions[name], replace(artefact.manifest, bytes=model_bytes), settings))


def show(shown: Sequence[Shown]) -> None:
    """Print one column a function."""
    table = Table(title="real data, asked through HTTP", title_justify="left")
    table.add_column("")
    for each in shown:
        table.add_column(each.result.function, justify="right", style=None if each.passed else "red")
    for label, cell in _ROWS:
        table.add_row(label, *(cell(each) for each in shown))
    Console().print(table)


def _accuracy(each: Shown) -> str:
    low, middle, high = (each.result.manifest_accuracy[name] * 100 for name in ("int8_low", "int8", "int8_high"))
    return f"{middle:.2f} % ({low:.1f}-{high:.1f})"


def _kilobytes(count: int) -> str:
    return f"{count / 1000:,.0f} KB"


_ROWS: Final[tuple[tuple[str, Callable[[Shown], str]], ...]] = (
    ("asked about", lambda each: f"{each.result.total} {each.result.about}"),
    ("right", lambda each: f"{each.result.right}/{each.result.total}"),
    ("as this machine answers", lambda each: f"{each.result.total - len(each.result.differing)}/{each.result.total}"),
    ("balanced accuracy, when built", _accuracy),
    ("device → answer, p50", lambda each: f"{each.result.p50_ms:.1f} ms"),
    ("p99, first", lambda each: f"{each.result.p99_ms:.1f}, {each.result.first_ms:.1f} ms"),
    ("bytes up, down", lambda each: f"{each.result.bytes_up:,}, {each.result.bytes_down:,}"),
    ("model, float32 before", lambda each: f"{_kilobytes(each.result.model_bytes)}, {_kilobytes(each.float32_bytes)}"),
    ("worst month of its budget", lambda each: f"${each.bound_usd} of ${each.budget_usd}"),
    ("the smaller model saves", lambda each: f"${each.float32_bound_usd - each.bound_usd}"),
)
