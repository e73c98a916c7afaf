"""A simulator of AWS Bedrock over HTTP, for development, demonstration and tests.

Plain boto3 pointed at it (`endpoint_url`) can list models, call Converse, ConverseStream, InvokeModel,
InvokeModelWithResponseStream, CountTokens and ApplyGuardrail; requests are signed and signatures are verified. Every
answer says that it is simulated and is a deterministic function of the request. Faults and pace are
set per region at run time under `/_simulator/`.

Read `app.py` first: the steps of a call, in order; then `strict/rules.py`: what is refused.
"""
