"""What stands for CloudFront: behaviours, gate, cache, origin, the events and answers of Lambda@Edge."""
