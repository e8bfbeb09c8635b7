"""Nothing that is always on behind an inference function without a dated reason."""
