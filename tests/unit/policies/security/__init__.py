"""The rules of security, each alone."""
