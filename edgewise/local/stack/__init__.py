"""What a stack's state says: the local edge is a function of it."""
