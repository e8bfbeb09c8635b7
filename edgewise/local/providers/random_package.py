"""The stand-in for pulumi-random. The types are in `tables`."""

from edgewise.local.providers.check import Settings
from edgewise.local.providers.provider import Package
from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import Object


def _settings(_variables: Object) -> Settings:
    return Settings()


PACKAGE = Package(name="random", table=TABLES["random"], invokes={}, settings=_settings)
