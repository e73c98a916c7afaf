"""What calls will cost: scenarios, break-even points, tips from a team's own calls, and Bedrock or a provider's own API."""
