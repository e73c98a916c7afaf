"""PURE: what a scenario costs at each price list, where two of them cross, and what speaks for Bedrock or for a provider's own API."""
