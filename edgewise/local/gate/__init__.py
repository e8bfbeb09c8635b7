"""CloudFront Functions on this machine: a Node process runs their JavaScript, Python asks it."""
