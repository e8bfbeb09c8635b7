"""The shelf: the lease's model or none, and few downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inference.shelf import ModelUnavailableError, Shelf
from tests.unit.inference.world import TOKEN, ModelServer, digest, limits, model_server, small_model

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = small_model(), small_model(threshold=1.0)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_model_is_loaded_once(server: ModelServer) -> None:
    shelf, wanted = Shelf(monotonic=Clock()), server.serve(OLD)
    assert shelf.session(wanted) is shelf.session(wanted)
    assert len(server.asked) == 1


def test_two_models_stay_and_the_one_used_less_lately_makes_room(server: ModelServer) -> None:
    # GIVEN two loaded models that take turns
    shelf, pinned, canary = Shelf(monotonic=Clock()), server.serve(OLD), server.serve(NEW)
    for _ in range(3):
        assert shelf.session(pinned).run(bytes([50]) * 60)["match"] is False
        assert shelf.session(canary).run(bytes([50]) * 60)["match"] is True
    assert len(server.asked) == 2

    # WHEN the first is used and a third comes
    first = shelf.session(pinned)
    shelf.session(server.serve(small_model(threshold=2.0)))

    # THEN the second has gone
    assert shelf.session(pinned) is first
    assert len(server.asked) == 3
    shelf.session(canary)
    assert len(server.asked) == 4


def test_the_old_model_never_answers_for_the_new_one_but_a_rollback_is_free(server: ModelServer) -> None:
    # GIVEN a loaded model, and a lease that names one that can't be had
    shelf, old = Shelf(monotonic=Clock()), server.serve(OLD)
    session = shelf.session(old)
    gone = limits(model_url=server.url + "/gone", model_digest=digest(NEW))

    # WHEN it is asked for
    with pytest.raises(ModelUnavailableError, match="status 404"):
        shelf.session(gone)

    # THEN the old one is still at hand for a lease that names it
    asked = len(server.asked)
    assert shelf.session(old) is session
    assert len(server.asked) == asked


def test_a_failure_is_remembered_for_longer_each_time(server: ModelServer) -> None:
    # GIVEN a model that nobody serves
    clock = Clock()
    shelf = Shelf(monotonic=clock)
    gone = limits(model_url=server.url + "/gone", model_digest=digest(OLD))
    pauses = []

    # WHEN it is asked for ten times a second, for ten minutes
    for _ in range(6_000):
        with pytest.raises(ModelUnavailableError) as error:
            shelf.session(gone)
        if error.value.first_told:
            pauses.append(error.value.retry_after_s)
        else:
            assert 0 < error.value.retry_after_s <= pauses[-1]
        clock.now_s += 0.1

    # THEN there were few downloads, of two attempts each
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    assert len(server.asked) == 2 * len(pauses) <= 30


def test_after_a_failure_the_model_is_had_when_it_is_there(server: ModelServer) -> None:
    clock = Clock()
    shelf, wanted = Shelf(monotonic=clock), server.serve(OLD)
    server.faults[:] = ["503", "wrong"]
    with pytest.raises(ModelUnavailableError):
        shelf.session(wanted)
    clock.now_s += 5
    assert shelf.session(wanted).request_bytes == 60


def test_a_failure_of_one_model_does_not_delay_another(server: ModelServer) -> None:
    shelf, wanted = Shelf(monotonic=Clock()), server.serve(OLD)
    with pytest.raises(ModelUnavailableError):
        shelf.session(limits(model_url=server.url + "/gone", model_digest=digest(NEW)))
    assert shelf.session(wanted).request_bytes == 60


def test_verified_bytes_that_are_no_model_are_refused(server: ModelServer) -> None:
    shelf, wanted = Shelf(monotonic=Clock()), server.serve(b"verified, but no model")
    with pytest.raises(ModelUnavailableError, match="ONNX Runtime refuses the model") as error:
        shelf.session(wanted)
    assert TOKEN not in str(error.value)
