"""Programs that have nothing to do with inference, as people write them: `bounded_spend` has nothing to say about them.

Each function takes its prefix and names every resource by it.
"""
