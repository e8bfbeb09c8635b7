"""Policy packs, one folder each."""
