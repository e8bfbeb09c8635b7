"""What an endpoint costs: prices, the worst bill of a month, break-even. Imports nothing else of the project."""
