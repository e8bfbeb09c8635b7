"""A Lambda function's versions: when a new one comes, and what a preview says of it."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.local.providers.wire import UNKNOWN
from tests.unit.providers.desk import Desk, put
from tests.unit.providers.samples import SAMPLES, archive

FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


class TestPublish:
    """A Lambda function's versions."""

    def update(self, aws: Desk, path: str, value: Any, *, publish: bool = True, preview: bool = False) -> Any:
        inputs = aws.inputs(FUNCTION, {**SAMPLES[FUNCTION], "name": "edge", "publish": publish})
        _, outputs = aws.create(FUNCTION, inputs)
        changed = put({**SAMPLES[FUNCTION], "name": "edge", "publish": publish}, path, value)
        news = aws.inputs(FUNCTION, changed, olds=inputs)
        return outputs, aws.update(FUNCTION, olds=outputs, old_inputs=inputs, news=news, preview=preview)

    def test_first_version(self, aws: Desk) -> None:
        _, outputs = aws.make(FUNCTION, {**SAMPLES[FUNCTION], "name": "edge"})
        assert outputs["version"] == "1"
        assert outputs["qualifiedArn"] == outputs["arn"] + ":1"

    def test_without_publish(self, aws: Desk) -> None:
        """The last entry of the list of versions is then $LATEST, which no distribution takes."""
        _, outputs = aws.make(FUNCTION, {**SAMPLES[FUNCTION], "publish": False})
        assert outputs["version"] == "$LATEST"
        assert outputs["qualifiedArn"] == outputs["arn"] + ":$LATEST"

    @pytest.mark.parametrize(
        ("path", "value"),
        [("code", archive("cd" * 32)), ("memorySize", 512), ("timeout", 5), ("handler", "a.b"), ("role", UNKNOWN)],
    )
    def test_change_of_code_or_configuration(self, aws: Desk, path: str, value: Any) -> None:
        _, preview = self.update(aws, path, value, preview=True)
        assert preview["version"] == preview["qualifiedArn"] == preview["qualifiedInvokeArn"] == UNKNOWN
        assert preview["arn"].endswith(":function:edge")
        if value != UNKNOWN:
            _, outputs = self.update(aws, path, value)
            assert outputs["version"] == "2"
            assert outputs["qualifiedArn"].endswith(":edge:2")

    @pytest.mark.parametrize(
        ("path", "value"), [("tags", {"a": "b"}), ("reservedConcurrentExecutions", 5), ("skipDestroy", True)]
    )
    @pytest.mark.parametrize("preview", [True, False])
    def test_change_of_neither(self, aws: Desk, path: str, value: Any, preview: bool) -> None:
        old, new = self.update(aws, path, value, preview=preview)
        assert (new["version"], new["qualifiedArn"]) == ("1", old["qualifiedArn"])

    def test_same_bytes_elsewhere_are_no_version(self, aws: Desk) -> None:
        _, new = self.update(aws, "code", archive(path="elsewhere.zip"))
        assert new["version"] == "1"

    @pytest.mark.parametrize("preview", [True, False])
    def test_change_without_publish(self, aws: Desk, preview: bool) -> None:
        _, new = self.update(aws, "memorySize", 512, publish=False, preview=preview)
        assert new["version"] == "$LATEST"

    def test_publish_switched_on(self, aws: Desk) -> None:
        inputs = aws.inputs(FUNCTION, {**SAMPLES[FUNCTION], "name": "edge", "publish": False})
        _, old = aws.create(FUNCTION, inputs)
        new = aws.update(FUNCTION, olds=old, old_inputs=inputs, news={**inputs, "publish": True})
        assert new["version"] == "1"

    def test_publish_switched_off_keeps_the_last_version(self, aws: Desk) -> None:
        _, new = self.update(aws, "publish", False)
        assert new["version"] == "1"

    def test_tenth_version(self, aws: Desk) -> None:
        """Versions are counted, not sorted as texts."""
        inputs = aws.inputs(FUNCTION, SAMPLES[FUNCTION])
        _, outputs = aws.create(FUNCTION, inputs)
        for memory in range(200, 210):
            news = {**inputs, "memorySize": memory}
            outputs, inputs = aws.update(FUNCTION, olds=outputs, old_inputs=inputs, news=news), news
        assert outputs["version"] == "11"

    def test_code_digest_is_the_zips(self, aws: Desk) -> None:
        _, outputs = aws.make(FUNCTION, {**SAMPLES[FUNCTION], "code": archive("00" * 32)})
        assert outputs["codeSha256"] == outputs["sourceCodeHash"] == "A" * 43 + "="
