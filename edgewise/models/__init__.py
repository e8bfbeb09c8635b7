"""The models: where they come from, how they are made small, and how they are judged."""

import os

# Before numpy is imported: its matrix products then run on one thread, so that their sums have one order on every
# machine. The matrices are small; on a busy machine more threads mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
