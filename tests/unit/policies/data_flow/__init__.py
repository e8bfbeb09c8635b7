"""The rules of data_flow, each alone."""
