"""A function's signing keys and fetch tokens, by key id; two at a time during a rotation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_random as random

from infra.components.component import Component, Customize

CHILDREN: Final = ("signing-key", "fetch-token")

# 256 bits, as long as HMAC-SHA256's output (RFC 2104, section 3), in hexadecimal digits.
KEY_DIGITS: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRingArgs:
    """Inputs.

    Attributes
    ----------
    key_ids : tuple of str
        Newest first. A name added in front makes a new key, a name taken away ends an old one.
    customize : mapping
        See `Component`.
    """

    key_ids: tuple[str, ...]
    customize: Customize = field(default_factory=dict)


class KeyRing(Component):
    """Keys that are made once and kept, as secrets, in the stack's state.

    Attributes
    ----------
    signing_keys : dict of str to Output
        Key id to 64 hexadecimal digits, secret. Devices' keys are derived from them.
    fetch_tokens : dict of str to Output
        Key id to 64 hexadecimal digits, secret. Good for reading models, for nothing else.
    """

    def __init__(self, name: str, args: KeyRingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:KeyRing", name, children=CHILDREN, customize=args.customize, opts=opts)
        self.signing_keys = {kid: self._secret("signing-key", kid) for kid in args.key_ids}
        self.fetch_tokens = {kid: self._secret("fetch-token", kid) for kid in args.key_ids}
        self.newest = args.key_ids[0]
        self.register_outputs({})

    @property
    def lease_token(self) -> pulumi.Output[str]:
        """What a lease brings to fetch a model with: ``<kid>.<token>``."""
        return pulumi.Output.concat(self.newest, ".", self.fetch_tokens[self.newest])

    def gate_entries(self) -> dict[str, pulumi.Output[str]]:
        """Return what the gate must know, by its key in the gate's store."""
        signing = {f"key:{kid}": secret for kid, secret in self.signing_keys.items()}
        return signing | {f"fetch:{kid}": secret for kid, secret in self.fetch_tokens.items()}

    def _secret(self, child: str, kid: str) -> pulumi.Output[str]:
        # Not RandomBytes: its id IS the secret, and ids stand in plain text in every state (pulumi-random,
        # provider/resources.go, computeRandomBytesID). The digits a to f are the "special" characters here.
        drawn = self.child(
            random.RandomPassword,
            child,
            suffix=kid,
            length=KEY_DIGITS,
            lower=False,
            upper=False,
            numeric=True,
            special=True,
            override_special="abcdef",
        )
        return pulumi.Output.secret(drawn.result)
