"""The rules of idle_compute, each alone."""
