"""What an artefact says of itself: keys in the ONNX file's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onnx import helper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

NAME_KEY: Final = "edgewise.name"
RECIPE_KEY: Final = "edgewise.recipe"
ANSWER_KEY: Final = "edgewise.answer"
THRESHOLD_KEY: Final = "edgewise.threshold"


def describe(
    model: onnx.ModelProto, *, name: str, recipe: str, answer: Sequence[str], further: Mapping[str, str] | None = None
) -> None:
    """Set an artefact's metadata in place; what stood there goes.

    Parameters
    ----------
    model : onnx.ModelProto
        The artefact.
    name, recipe : str
        The catalogue's name and the recipe's version.
    answer : sequence of str
        The outputs that a device gets, in this order.
    further : mapping of str to str, optional
        An entry's own keys, such as `THRESHOLD_KEY`.
    """
    del model.metadata_props[:]
    helper.set_model_props(model, {NAME_KEY: name, RECIPE_KEY: recipe, ANSWER_KEY: ",".join(answer), **(further or {})})
