"""Facts that no resource proves: the owner declares them as tags, so that whoever sees only resources can count them.

Tag keys and values may hold letters, digits and ``+ - = . _ : /``; a distribution carries at most 50 tags (AWS,
CloudFront API Reference, ``TagResource``), an object ten (AWS, S3 User Guide, "Categorizing your objects using tags").
"""

from __future__ import annotations

from typing import Final

from edgewise.cost.bound.endpoint import Assumed, Plan

# On a distribution: `Endpoint.plan`, `Assumed.flood_rps` and `Assumed.signed_flood_rps`.
PLAN_TAG: Final = "edgewise:plan"
FLOOD_TAG: Final = "edgewise:assumed-flood-rps"
SIGNED_FLOOD_TAG: Final = "edgewise:assumed-signed-flood-rps"

# On a model's object in its bucket: `Endpoint.model_bytes`. An upload's size stands in no property of the object.
MODEL_BYTES_TAG: Final = "edgewise:bytes"


def distribution_tags(plan: Plan, assumed: Assumed) -> dict[str, str]:
    """Return the tags of an endpoint's distribution.

    Parameters
    ----------
    plan : str
        CloudFront's flat-rate plan.
    assumed : Assumed
        Its requests a second go into the tags; its delays are the platform's and the same everywhere.
    """
    return {
        PLAN_TAG: plan,
        FLOOD_TAG: str(assumed.flood_rps),
        SIGNED_FLOOD_TAG: str(assumed.signed_flood_rps),
    }


def model_tags(size_bytes: int) -> dict[str, str]:
    """Return the tags of a model's object."""
    return {MODEL_BYTES_TAG: str(size_bytes)}
