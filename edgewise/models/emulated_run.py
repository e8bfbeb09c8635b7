"""Runs in an emulated CPU: ``python -m edgewise.models.emulated_run MODEL INPUTS ANSWERS``; see `emulated`."""

from __future__ import annotations

import sys

import numpy as np

from edgewise.models.runtime import Model


def main(model: str, inputs: str, answers: str) -> None:
    """Run every array of an .npz file through a model and keep the outputs as ``<output>/<input>``."""
    from pathlib import Path

    runner = Model(Path(model).read_bytes())
    with np.load(inputs) as tensors:
        found = {
            f"{output}/{name}": value for name in tensors.files for output, value in runner.run(tensors[name]).items()
        }
    np.savez(answers, **found)  # type: ignore[arg-type]  # its stub takes the names for allow_pickle


if __name__ == "__main__":
    main(*sys.argv[1:])
