"""What Bedrock refuses, and how it says so.

`service.py` holds a body against botocore's model of the service. `rules.py` is the table of what Bedrock and the models
behind it refuse beyond that: each rule a row with a source, so that a change at AWS is a row. `capabilities.py` says what
each model can take.
"""
