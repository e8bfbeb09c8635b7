"""The rules of bounded_spend, each alone."""
