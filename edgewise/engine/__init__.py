"""Runs `pulumi` for this project: `local` and previews on stand-in providers, the rest with the user's own settings.

The stack `local` never meets a real provider, and no other stack is ever changed with a stand-in one. Both are
refused here (`environment`), whoever asks.
"""

from edgewise.engine.command import destroy, export, has_state, outputs, preview, select, up
from edgewise.engine.environment import (
    LOCAL_PASSPHRASE,
    LOCAL_STACK,
    EngineError,
    environment,
    policy_packs,
    pulumi_path,
)
from edgewise.engine.recovery import recover
from edgewise.engine.throwaway import throwaway_project

__all__ = [
    "LOCAL_PASSPHRASE",
    "LOCAL_STACK",
    "EngineError",
    "destroy",
    "environment",
    "export",
    "has_state",
    "outputs",
    "policy_packs",
    "preview",
    "pulumi_path",
    "recover",
    "select",
    "throwaway_project",
    "up",
]
