"""The pack as Pulumi's engine runs it: `pulumi preview --policy-pack` with this folder."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from policies.core.engine import serve  # noqa: E402 - found by the line above, wherever the checkout lies
from policies.core.pack import load  # noqa: E402

serve(load(HERE.name))
