"""No inference endpoint whose worst month is infinite, unknown or over its budget."""
