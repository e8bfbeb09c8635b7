"""Where the bytes of an asset or archive lie, kept through a refresh.

For Read the engine sends an asset as its hash alone and stores what comes back, so that after `pulumi refresh` the
state would no longer say where the bytes are (seen with pulumi 3.274.1: `"assets": {}`), and the local edge could not
find the zip. Check therefore notes the place in the inputs, under a key that no comparison and no output sees.
"""

import json
from collections.abc import Mapping

from edgewise.local.providers.wire import Json, Object, is_blob

NOTE = "__blobs"


def noted(inputs: Mapping[str, Json]) -> Object:
    """Return the inputs with a note of every asset and archive that lies in files."""
    notes = {
        name: json.dumps(value, sort_keys=True) for name, value in inputs.items() if is_blob(value) and _in_files(value)
    }
    return {**inputs, NOTE: notes} if notes else dict(inputs)


def restored(found: Mapping[str, Json], inputs: Mapping[str, Json]) -> Object:
    """Return properties with the assets and archives as they were noted, where the hash is still the same."""
    notes = inputs.get(NOTE) or {}
    whole = dict(found)
    for name, text in notes.items():
        blob = json.loads(text)
        if is_blob(whole.get(name)) and whole[name].get("hash") == blob.get("hash"):
            whole[name] = blob
    return whole


def _in_files(blob: Mapping[str, Json]) -> bool:
    """Tell whether the bytes lie in files: text in the program is no place, and may be long."""
    parts = blob.get("assets")
    if isinstance(parts, Mapping):
        return all(_in_files(part) for part in parts.values())
    return "path" in blob
