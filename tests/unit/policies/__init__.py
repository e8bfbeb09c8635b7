"""Each rule alone, on resources built by hand."""
