"""The models: where they come from, how they are made small, and how they are judged."""
