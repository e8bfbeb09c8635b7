"""The rules of platform_limits, each alone."""
