"""What runs at the edge. Imports nothing else of this project."""
