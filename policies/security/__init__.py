"""Private buckets, TLS, least privilege, a signature before every inference, wrapped secrets, tags."""
