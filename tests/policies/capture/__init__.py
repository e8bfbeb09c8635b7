"""A pack that refuses nothing: it writes what the engine shows of a stack to a file."""
