"""What several tests share: made-up results, planted adapters and ops, real runs."""
