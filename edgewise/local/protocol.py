"""How the admin ports are spoken to."""

from typing import Final

TOKEN_HEADER: Final = "x-edgewise-admin"
FAULTS_PATH: Final = "/edgewise/faults"
