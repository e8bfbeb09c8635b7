"""The random provider: bytes and passwords. Both are drawn from the operating system, as they sign requests."""

import base64
import secrets
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import ANY_CHANGE, Behaviour, Facts, Limit, Output
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

ALPHABETS = {
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "numeric": "0123456789",
    "special": "!@#$%&*()-_=+[]{}<>:?",  # S: RandomPassword.override_special
}


def _drawn_base64(facts: Facts) -> str:
    return base64.b64encode(secrets.token_bytes(facts["length"])).decode()


def _same_as_hex(facts: Facts) -> str:
    return base64.b64decode(facts["base64"]).hex()


def _minimum(kind: str) -> str:
    return f"min{kind.capitalize()}"


def _password(facts: Facts) -> str:
    """Take the least number of each kind, fill up from all kinds that are on, and shuffle."""
    alphabets = {**ALPHABETS, "special": facts.get("overrideSpecial") or ALPHABETS["special"]}
    letters = [secrets.choice(alphabets[kind]) for kind in alphabets for _ in range(facts[_minimum(kind)])]
    every = "".join(alphabets[kind] for kind in alphabets if facts[kind])
    letters += [secrets.choice(every) for _ in range(facts["length"] - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


def _long_enough(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    needed = [inputs.get(_minimum(kind)) or 0 for kind in ALPHABETS]
    if UNKNOWN not in (*needed, inputs["length"]) and inputs["length"] < sum(needed):
        reason = f"{inputs['length']} is less than the sum of the minima, {sum(needed)}"
        yield Failure(path="length", reason=reason)


def _some_letters(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if all(inputs.get(kind) is False for kind in ALPHABETS):
        yield Failure(path="special", reason="one of lower, upper, numeric and special must be on")


AT_LEAST_ONE = Limit(path="length", minimum=1, source="S: the minimum value for length is 1")

TABLE: Mapping[str, Behaviour] = {
    "random:index/randomBytes:RandomBytes": Behaviour(
        # The real provider's id IS the secret, in plain text in every state, because ids can't be encrypted
        # (pulumi-random: provider/resources.go, computeRandomBytesID; pulumi#2717). Use RandomPassword for secrets.
        id="{base64}",
        outputs={
            "base64": Output(make=_drawn_base64, secret=True),
            "hex": Output(make=_same_as_hex, secret=True),
        },
        replaces=ANY_CHANGE,
        limits=(AT_LEAST_ONE,),
    ),
    "random:index/randomPassword:RandomPassword": Behaviour(
        id="none",
        outputs={
            **{kind: Output(make=True) for kind in ALPHABETS},
            **{_minimum(kind): Output(make=0) for kind in ALPHABETS},
            "number": Output(make=lambda facts: facts["numeric"]),  # the deprecated name of numeric
            "result": Output(make=_password, secret=True),
        },
        unset=frozenset({"bcryptHash"}),  # bcrypt is not in Python's standard library
        replaces=ANY_CHANGE,
        limits=(AT_LEAST_ONE,),
        rules=(_long_enough, _some_letters),
    ),
}
