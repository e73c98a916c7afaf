"""A bounded trial of Bedrock: small requests that show where AWS does other than the simulator says.

Both sides are spoken to over HTTP by boto3, so that what is compared is what a caller meets.
"""
