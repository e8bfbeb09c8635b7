"""The toolkit around the program: cost, models, the local edge, the device and the command line."""
