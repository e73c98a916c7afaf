"""Providers beside Bedrock, simulated: OpenAI, Anthropic and Perplexity, each under a path of its own, as strict as Bedrock's."""
