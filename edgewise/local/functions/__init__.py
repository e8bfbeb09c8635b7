"""What stands for Lambda: a pool of environments a function, the Runtime API, the processor share."""
