"""A Worker's script is one JavaScript module, and says that it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

_SCRIPT: Final = "cloudflare:index/workersScript:WorkersScript"
_EXPORT: Final = re.compile(r"^\s*export\s+(default\b|\{|class\b|const\b|async\b|function\b)", re.MULTILINE)
_WASM: Final = "application/wasm"


def _subjects(stack: Stack) -> Iterator[Resource]:
    return stack.of(_SCRIPT)


def _check(script: Resource, _: Config) -> Iterator[Violation]:
    file, kind = script.known("contentFile", default=""), script.known("contentType", default="")
    if str(file).endswith(".wasm") or kind == _WASM:
        yield Violation(
            script,
            f"WebAssembly as the script's content: {file or kind}",
            "make a Worker, a WorkerVersion with modules, one of them application/wasm, and a WorkersDeployment",
        )
    content = script.known("content")
    if isinstance(content, str) and _EXPORT.search(content) and not script.get("mainModule"):
        yield Violation(script, "content has an export and main_module is missing")


RULE: Final = Rule(
    id="worker-module",
    what="A WorkersScript holds one JavaScript or Python module, no WebAssembly, and names main_module where it "
    "exports.",
    why="Cloudflare refuses the upload: without main_module it takes the content for a service worker, where 'export' "
    "is a syntax error.",
    source="pulumi-cloudflare#1309, #969; workers-sdk#1366",
    fix="set main_module='worker.js' on the WorkersScript",
    subjects=_subjects,
    check=_check,
)
