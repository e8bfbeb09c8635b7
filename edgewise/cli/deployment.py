"""What the verbs need to know of a deployed stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewise import engine
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir
from inference.contract import DEVICE_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.supervisor import LocalEdgeStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A stack's outputs.

    Attributes
    ----------
    stack : str
        The stack's name.
    endpoints : mapping
        By function: what `infra` exports of it.
    signing_keys : mapping
        By function, then by key id: the master keys. Secret, never to be shown.
    model_bucket : str
        Where models lie; empty for a stack that was deployed before the operators' verbs.
    """

    stack: str
    endpoints: Mapping[str, Mapping[str, Any]]
    signing_keys: Mapping[str, Mapping[str, str]]
    model_bucket: str = ""

    def endpoint(self, function: str) -> Mapping[str, Any]:
        """Return a function's endpoint.

        Raises
        ------
        CliError
            When the stack has no such function.
        """
        if function not in self.endpoints:
            known = ", ".join(sorted(self.endpoints))
            raise CliError(f"function {function!r}: stack {self.stack} has {known}", ExitCode.BAD_INPUT)
        return self.endpoints[function]

    def master_key(self, function: str, kid: str | None) -> tuple[str, str]:
        """Return a key id and its master key; the newest one for None.

        Raises
        ------
        CliError
            When the stack has no such function or the function no such key.
        """
        newest = str(self.endpoint(function)["kid"])
        keys = self.signing_keys[function]
        if kid is not None and kid not in keys:
            raise CliError(f"--kid {kid!r}: {function} has {', '.join(sorted(keys))}", ExitCode.BAD_INPUT)
        return kid or newest, keys[kid or newest]


def read_deployment(stack: str) -> Deployment:
    """Read a stack's outputs.

    Raises
    ------
    CliError
        When it is not deployed.
    """
    is_local = stack == LOCAL_STACK
    if is_local and not engine.has_state():
        raise not_deployed(stack)
    outputs = engine.outputs(stack, show_secrets=True, stand_in=is_local)
    if "endpoints" not in outputs:
        raise not_deployed(stack)
    return Deployment(
        stack=stack,
        endpoints=outputs["endpoints"],
        signing_keys=outputs["signing_keys"],
        model_bucket=str(outputs.get("model_bucket", "")),
    )


def not_deployed(stack: str) -> CliError:
    """Return the error for a stack without a deployment."""
    how = "make up" if stack == LOCAL_STACK else f"pulumi up --stack {stack}"
    return CliError(f"stack {stack} is not deployed; run '{how}'", ExitCode.NOT_RUNNING)


def running_edge() -> LocalEdgeStatus:
    """Return the running local edge.

    Raises
    ------
    CliError
        When it is not running.
    """
    from edgewise.local import supervisor

    status = supervisor.status(run_dir())
    if status is None:
        raise CliError("the local edge is not running; run 'make up'", ExitCode.NOT_RUNNING)
    return status


def base_url(deployment: Deployment, function: str) -> str:
    """Return where a function answers: the local edge's own address, or the distribution's."""
    endpoint = deployment.endpoint(function)
    if deployment.stack == LOCAL_STACK:
        return running_edge().endpoints[function]
    return str(endpoint["url"])


def check_device_id(device: str) -> None:
    """Refuse a device id that the edge would not take.

    Raises
    ------
    CliError
        Says what an id looks like.
    """
    if not DEVICE_ID.fullmatch(device):
        raise CliError(
            f"device id {device!r}: must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit",
            ExitCode.BAD_INPUT,
        )
