"""The local edge: what a stack says, running on one machine."""
