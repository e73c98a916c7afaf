"""Files and batches, as OpenAI's API has them: many calls in a file, each made as a job, within a day."""
