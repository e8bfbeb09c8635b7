"""One sink a receipt, nothing raw kept, nothing paid for twice."""
