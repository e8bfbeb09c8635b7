"""The local stack runs on one machine and nowhere else; every other stack runs in a cloud."""

from __future__ import annotations

from typing import Final

import pulumi_aws as aws

from infra.limits import STAND_IN_ACCOUNT

LOCAL_STACK: Final = "local"


class WrongCloudError(RuntimeError):
    """The local stack was about to reach a cloud."""


def require_right_cloud(stack: str) -> None:
    """Refuse to declare the local stack against a real account.

    The other direction needs no check here: the stand-in providers change nothing of another stack.

    Raises
    ------
    WrongCloudError
        When the stack is local and the provider answers for an account.
    """
    if stack != LOCAL_STACK:
        return
    account = aws.get_caller_identity().account_id
    if account != STAND_IN_ACCOUNT:
        raise WrongCloudError(
            f"stack {LOCAL_STACK} is for one machine, but the aws provider answers for a real account; "
            "use `make up`, which puts the stand-in provider first on PATH, or choose another stack"
        )
