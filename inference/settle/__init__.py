"""The settle function: it takes in the ledger's stream. A normal Lambda function in the home Region."""
