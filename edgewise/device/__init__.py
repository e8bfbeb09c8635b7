"""The reference device: finds and aligns a face, signs, asks the edge, and demonstrates all of it."""
