"""The command `edgewise`: one verb a file, each with `--json` and exit codes that mean something."""
