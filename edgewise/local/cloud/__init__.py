"""What stands for S3 and DynamoDB: moto in a process of ours, behind a lock, with a journal."""
