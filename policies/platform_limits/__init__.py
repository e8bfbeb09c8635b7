"""What the clouds refuse at deployment, and their traps, found at the preview."""
