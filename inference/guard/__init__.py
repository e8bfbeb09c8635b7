"""The guard: it acts when refused requests have used their allowance. A normal Lambda function, run by a schedule."""
