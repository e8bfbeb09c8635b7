"""All packs in one process, as previews and updates run them by default; a fork's own packs are among them."""

import sys
from pathlib import Path

# The checkout, wherever it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from policies.core.engine import serve
from policies.core.pack import together

serve(together())
