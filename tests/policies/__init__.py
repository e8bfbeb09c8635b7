"""The policy packs under the real engine."""
