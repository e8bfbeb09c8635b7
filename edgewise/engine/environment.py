"""The environment a stack's `pulumi` runs in: which command, which plugins, which state."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from edgewise.paths import PROJECT_ROOT, engine_home, state_dir

LOCAL_STACK: Final = "local"
# Public on purpose. The local state never leaves the machine (its folder's mode is 0700) and its keys open nothing but
# the local edge; `pulumi` wants a passphrase for the file backend all the same.
LOCAL_PASSPHRASE: Final = "edgewise-local"

STAND_IN_PLUGINS: Final = PROJECT_ROOT / "edgewise" / "local" / "providers" / "bin"
OWN_LANGUAGE_HOST: Final = PROJECT_ROOT / "tools" / "language_host"
LANGUAGE_HOST: Final = "pulumi-language-python"
PACKS_VARIABLE: Final = "PULUMI_OPTION_POLICY_PACK"
PACKS_TOGETHER: Final = Path("policies", "core", "together")

# A stand-in run starts without the user's cloud: no credentials, no backend, and nothing that would lead
# the engine past the stand-in plugins (PULUMI_IGNORE_AMBIENT_PLUGINS, PULUMI_DEBUG_PROVIDERS).
SCRUBBED_PREFIXES: Final = ("PULUMI_", "AWS_", "CLOUDFLARE_")
KEPT_PREFIX: Final = "PULUMI_OPTION_"
# The stack is always named on the command line, and `stack select` refuses to be told twice.
ALWAYS_DROPPED: Final = ("PULUMI_OPTION_STACK",)


class EngineError(Exception):
    """The engine could not be run, was refused, or failed; the text is for the user."""


@cache
def pulumi_path() -> Path:
    """Return a usable `pulumi`, built when there is none (progress on standard error).

    Raises
    ------
    EngineError
        When there is none and none can be built.
    """
    script = PROJECT_ROOT / "tools" / "ensure_pulumi.py"
    answer = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode != 0:
        raise EngineError(
            "there is no usable pulumi, see above; how to install it: https://www.pulumi.com/docs/install/"
        )
    return Path(answer.stdout.strip())


def policy_packs(root: Path = PROJECT_ROOT) -> list[Path]:
    """Return the folders that a preview is given as policy packs.

    The packs of rules run together in one process: each process more costs a preview of 400 resources two seconds or
    three. A pack of another make, which is no Python package, runs by itself.
    """
    folders = sorted(manifest.parent for manifest in (root / "policies").glob("*/PulumiPolicy.yaml"))
    others = [folder for folder in folders if not (folder / "__init__.py").is_file()]
    return [root / PACKS_TOGETHER, *others] if len(folders) > len(others) else others


def has_official_host(pulumi: Path, path: str) -> bool:
    """Tell whether `pulumi` finds a Python language host without ours: on PATH, or beside itself."""
    on_path = shutil.which(LANGUAGE_HOST, path=path)
    if on_path is not None and Path(on_path).resolve().parent != OWN_LANGUAGE_HOST:
        return True
    return os.access(pulumi.resolve().with_name(LANGUAGE_HOST), os.X_OK)


def check_use(stack: str, *, stand_in: bool, changes: bool) -> None:
    """Refuse what must never happen.

    Raises
    ------
    EngineError
        For the stack `local` on real providers, and for a change of any other stack on stand-in ones.
    """
    if stack == LOCAL_STACK and not stand_in:
        raise EngineError(f"stack {stack!r}: it runs on the stand-in providers only, never on a real cloud")
    if stack != LOCAL_STACK and stand_in and changes:
        raise EngineError(
            f"stack {stack!r}: the stand-in providers may preview it, never change it; "
            "run 'pulumi up' with your own credentials instead"
        )


def environment(stack: str, *, stand_in: bool, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the environment in which `pulumi` is to be run for a stack.

    Parameters
    ----------
    stack : str
        The stack's name.
    stand_in : bool
        Whether the stand-in providers answer. Then nothing of the user's cloud is in the environment, and state and
        engine home lie under the project's ``.edgewise``. Otherwise the user's environment is left as it is,
        but for PATH and the policy packs.
    root : Path
        The project's folder; for a preview without a cloud a throw-away one.

    Raises
    ------
    EngineError
        For the stack `local` without stand-in providers, or when there is no usable `pulumi`.
    """
    check_use(stack, stand_in=stand_in, changes=False)
    pulumi = pulumi_path()
    env = {name: value for name, value in os.environ.items() if name not in ALWAYS_DROPPED}
    if stand_in:
        env = {name: value for name, value in env.items() if _is_kept(name)}
        env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        env["PULUMI_BACKEND_URL"] = f"file://{state_dir(root)}"
        env["PULUMI_CONFIG_PASSPHRASE"] = LOCAL_PASSPHRASE
        env["PULUMI_HOME"] = str(engine_home(root))
    env["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    if packs := policy_packs(root):
        env.setdefault(PACKS_VARIABLE, ",".join(map(str, packs)))
    env["PATH"] = _search_path(pulumi, env.get("PATH", os.defpath), stand_in=stand_in)
    return env


def _is_kept(name: str) -> bool:
    return name.startswith(KEPT_PREFIX) or not name.startswith(SCRUBBED_PREFIXES)


def _search_path(pulumi: Path, path: str, *, stand_in: bool) -> str:
    first = [STAND_IN_PLUGINS] if stand_in else []
    if not has_official_host(pulumi, path):
        first.append(OWN_LANGUAGE_HOST)
    first += [Path(sys.executable).parent, pulumi.parent]
    return os.pathsep.join([*map(str, first), path])
