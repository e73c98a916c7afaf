"""What became of routing: how good models are, decisions by use case, rules played against past calls, copies compared."""
