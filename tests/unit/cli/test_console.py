"""How a verb ends: one sentence, an exit code, and JSON where it was asked for."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from edgewise.cli.console import AsJson, plainly
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import EngineError


def app_that_raises(error: BaseException) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    @plainly
    def verb(as_json: AsJson = False) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (CliError("no such function", ExitCode.BAD_INPUT), 2, "error: no such function\n"),
        (CliError("closed", ExitCode.UNAVAILABLE), 5, "error: closed\n"),
        (EngineError("'pulumi up' failed"), 1, "error: 'pulumi up' failed\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
    ],
)
def test_known_error_is_one_sentence(error: BaseException, code: int, sentence: str) -> None:
    result = CliRunner().invoke(app_that_raises(error), [])
    assert (result.exit_code, result.stderr, result.stdout) == (code, sentence, "")


def test_unknown_error_names_its_kind_without_a_traceback() -> None:
    result = CliRunner().invoke(app_that_raises(PermissionError("state: denied")), [])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: PermissionError: state: denied (set EDGEWISE_TRACEBACK=1")
    assert "Traceback" not in result.stderr


def test_traceback_comes_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_TRACEBACK", "1")
    result = CliRunner().invoke(app_that_raises(PermissionError("state: denied")), [])
    assert "Traceback (most recent call last)" in result.stderr
    assert result.exit_code == 1


def test_json_answer_of_an_error_holds_the_sentence_and_the_code() -> None:
    result = CliRunner().invoke(app_that_raises(CliError("quota", ExitCode.REFUSED)), ["--json"])
    assert json.loads(result.stdout) == {"error": "quota", "exit_code": 4}
    assert result.exit_code == 4
