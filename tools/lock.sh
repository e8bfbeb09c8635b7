#!/usr/bin/env bash
# Writes every Python lock file, with hashes and without a host's name.
set -euo pipefail
uv=$1
options=(--quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header)
edge=(--python-version 3.13 --python-platform x86_64-manylinux_2_28 --only-binary :all:)
"$uv" pip compile "${options[@]}" --python-version 3.11 --all-extras pyproject.toml -o requirements.lock >/dev/null
"$uv" pip compile "${options[@]}" --python-version 3.11 tools/uv.in -o tools/uv.lock >/dev/null
# The edge function's zip leaves out what InferenceSession does not import: hence no dependencies.
"$uv" pip compile "${options[@]}" --no-deps "${edge[@]}" infra/lambda.in -o infra/lambda.lock >/dev/null
"$uv" pip compile "${options[@]}" "${edge[@]}" infra/home.in -o infra/home.lock >/dev/null
"$uv" pip compile "${options[@]}" "${edge[@]}" edgewise/local/functions/runtime.in -o edgewise/local/functions/runtime.lock >/dev/null
# What `make bench` measures the policy packs beside; it never comes near the project's own environment.
"$uv" pip compile "${options[@]}" --python-version 3.11 tools/checkov.in -o tools/checkov.lock >/dev/null
