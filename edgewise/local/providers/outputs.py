"""Ids and outputs: computed from inputs where AWS does so, made up from the URN and a seed where AWS does."""

import base64
import hashlib
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edgewise.local.providers.behaviour import ANY_CHANGE, Behaviour, Facts, Output
from edgewise.local.providers.wire import (
    UNKNOWN,
    Json,
    Object,
    Secret,
    has_secret,
    has_unknown,
    is_hidden_key,
    revealed,
)

ACCOUNT = "000000000000"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The source of everything made up about one resource at one moment.

    Parameters
    ----------
    urn
        The resource's URN.
    seed
        Fresh at every Create and Update, so that a replacement gets new ids and an update new etags.
    """

    urn: str
    seed: bytes

    def draw(self, purpose: str) -> bytes:
        """Return 32 bytes that nothing but this URN, seed and purpose gives."""
        return hashlib.sha256(b"\0".join([self.urn.encode(), self.seed, purpose.encode()])).digest()

    def text(self, purpose: str, length: int, alphabet: str) -> str:
        """Return `length` characters out of an alphabet."""
        number = int.from_bytes(self.draw(purpose))
        letters = []
        for _ in range(length):
            number, index = divmod(number, len(alphabet))
            letters.append(alphabet[index])
        return "".join(letters)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


WORDS: Mapping[str, Callable[[Identity], str]] = {
    "uuid": lambda identity: str(uuid.UUID(bytes=identity.draw("uuid")[:16], version=4)),
    # A distribution's and an origin access control's id: E and 13 characters (facts/resources.md, 3).
    "cloudfront_id": lambda identity: "E" + identity.text("cloudfront_id", 13, UPPER),
    "cloudfront_host": lambda identity: "d" + identity.text("cloudfront_host", 13, LOWER),
    "etag": lambda identity: "E" + identity.text("etag", 13, UPPER),
    "role_id": lambda identity: "AROA" + identity.text("role_id", 17, UPPER),
    "token": lambda identity: identity.text("token", 32, LOWER),
    "now": lambda _identity: _now(),
}
"""Made-up words that templates and functions may use, by the form that AWS gives them."""


@dataclass(kw_only=True)
class Making(Facts):
    """One resource while its outputs are computed: inputs, outputs so far, and the state before."""

    inputs: Mapping[str, Json]
    identity: Identity
    before: Mapping[str, Json] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    made: Object = field(default_factory=dict)
    read_secret: bool = False

    def __getitem__(self, name: str) -> Json:
        """Return an input, an output computed before, or a made-up word; note whether it was secret."""
        if name == "account":
            return ACCOUNT
        if name in self.made:
            return self._reveal(self.made[name])
        if self.inputs.get(name) is not None:
            return self._reveal(self.inputs[name])
        if name in WORDS:
            return WORDS[name](self.identity)
        raise KeyError(f"table: no input, earlier output or made-up word is called {name!r}")

    def get(self, name: str) -> Json:
        """Return an input, or None."""
        return self._reveal(self.inputs.get(name))

    def old(self, name: str) -> Json:
        """Return an output of the state before an update, or None."""
        return self._reveal(self.before.get(name))

    def value(self, output: Output) -> Json:
        """Compute one output; it is secret if anything that it was made from is."""
        self.read_secret = output.secret
        made = self._make(output)
        if made is None or made == UNKNOWN:
            return made
        return Secret(made) if self.read_secret else made

    def _make(self, output: Output) -> Json:
        if callable(output.make):
            return output.make(self)
        if not isinstance(output.make, str):
            return output.make
        return self.fill(output.make)

    def fill(self, template: str) -> str:
        """Fill a template; unknown if any part is."""
        parts = {name: self[name] for _, name, _, _ in string.Formatter().parse(template) if name}
        return UNKNOWN if has_unknown(parts) else template.format(**parts)

    def _reveal(self, value: Json) -> Json:
        self.read_secret = self.read_secret or has_secret(value)
        return revealed(value)


def echoed(value: Json) -> Json:
    """Return inputs as the state shows them: without the provider's own notes (`__defaults`)."""
    if isinstance(value, Secret):
        return Secret(echoed(value.value))
    if isinstance(value, Mapping):
        return {key: echoed(item) for key, item in value.items() if not is_hidden_key(key) and item is not None}
    if isinstance(value, list):
        return [echoed(item) for item in value]
    return value


def created(behaviour: Behaviour, making: Making, *, preview: bool) -> tuple[str, Object]:
    """Compute id and outputs of a new resource.

    Parameters
    ----------
    preview
        As with the real provider, everything but the inputs is then unknown, and the id empty.
    """
    making.made.update(echoed(making.inputs))
    for name, output in behaviour.outputs.items():
        if making.inputs.get(name) is None:
            making.made[name] = UNKNOWN if preview else making.value(output)
    return ("" if preview else making.fill(behaviour.id)), making.made


def updated(behaviour: Behaviour, making: Making, *, preview: bool) -> Object:
    """Compute the outputs after an update; what does not change stays known in a preview."""
    making.made.update(echoed(making.inputs))
    for name, output in behaviour.outputs.items():
        if making.inputs.get(name) is not None:
            continue
        if not _renewed(output, making):
            making.made[name] = making.before.get(name)
        elif preview:
            making.made[name] = UNKNOWN if output.planned else making.before.get(name)
        else:
            making.made[name] = making.value(output)
    return making.made


def _renewed(output: Output, making: Making) -> bool:
    if output.only_if is not None and making.get(output.only_if) is not True:
        return False
    return bool(making.changed) if output.renew_on == ANY_CHANGE else bool(output.renew_on & making.changed)


def base64_sha256(data: str) -> str:
    """Return AWS's form of a digest (`CodeSha256`): base64 of the SHA-256 that hex digits spell."""
    return base64.b64encode(bytes.fromhex(data)).decode()
