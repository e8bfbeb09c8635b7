"""A stand-in for pulumi-aws that takes every type and every value that the SDK can express.

The shipped stand-in refuses what AWS refuses. A policy's test must show the policy what it is about, whether something
else refuses it too or not.
"""
