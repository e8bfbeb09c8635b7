"""The local edge's live page, its figures, and its own meter."""
