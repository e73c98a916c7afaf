"""What is installed: a list of it for others' tools, its known vulnerabilities, its licences."""
