"""What media weigh in tokens, counted as Bedrock's models do: pixels, pages and texts, never bytes of files.

Every reader is bounded, and answers with a written figure for what it can't read.
"""
