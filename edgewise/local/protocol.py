"""How the admin ports are spoken to."""

from typing import Final

TOKEN_HEADER: Final = "x-edgewise-admin"
FAULTS_PATH: Final = "/edgewise/faults"
# A write that is sent again under the same name does nothing: the sender did not hear whether it was taken.
ONCE_HEADER: Final = "X-Edgewise-Once"
